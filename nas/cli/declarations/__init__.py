"""What the commands take: their arguments and options, with the words of the help."""
