"""What TensorBoard shows of a search: a run `search` beside those of the trials."""
