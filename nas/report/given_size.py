"""What is left of accuracy once size has had its part."""

from collections.abc import Sequence

import numpy as np

from nas.records import TrialRecord
from nas.report.gene_columns import (
    Matrix,
    gene_values,
    joined,
    log_errors,
    size_columns,
)
from nas.report.mixed import fit


def given_size(records: Sequence[TrialRecord]) -> Matrix:
    """Return how far complete trials are from what their size makes expect.

    That is in log error, below 0 where a trial is better, (N,). The curve over size is
    found together with the effects of genes: one that goes along with size takes
    nothing from it, and loses nothing to it that size does not explain by itself.
    """
    errors, sizes = log_errors(records), size_columns(records)
    level = np.ones((len(records), 1))
    fixed = np.concatenate([level, sizes], axis=1)
    model = fit(errors, fixed, joined(gene_values(records), len(records)))
    left: Matrix = errors - fixed @ model.sought
    return left
