"""Accuracies as log errors, whatever their unit."""

from typing import Final

import numpy as np

from nas.search.samplers.codes import Rows

_LEAST: Final = 0.02
"""Errors under this part of the median error count as it: they are mostly luck."""


def log_errors(values: Rows) -> Rows:
    """Return the log of the distance to a perfect score.

    Perfect is 1 for values within [0, 1], 100 within [0, 100], and for anything else
    the best value and half the spread of the better half beyond it.
    """
    best, median = float(values.max()), float(np.median(values))
    if values.min() >= 0 and best <= 100:
        perfect = 1.0 if best <= 1 else 100.0
    else:
        perfect = best + 0.5 * (best - median)
    errors = perfect - values
    usual = float(np.median(errors))
    if not usual and errors.any():  # more than half are perfect, which tells no scale
        usual = float(np.median(errors[errors > 0]))
    least = _LEAST * usual or 1.0
    return np.log(np.maximum(errors, least))
