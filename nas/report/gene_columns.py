"""Genes and sizes as columns of numbers, for models of what accuracy goes by."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nas.arch import Gene
from nas.records import TrialRecord

Matrix = NDArray[np.float64]

TARGET: Final = "target"
"""The gene of the size that a network is asked to have: what it has is known better."""

_PERFECT: Final = 1.001
"""Errors are counted from here, so that the log of no error is finite."""


def log_errors(records: Sequence[TrialRecord]) -> Matrix:
    """Return the log of how far each complete trial is from all images right, (N,)."""
    return np.array([math.log(_PERFECT - (r.accuracy or 0.0)) for r in records])


def gene_values(records: Sequence[TrialRecord]) -> dict[str, list[Gene | None]]:
    """Return each gene that differs among trials, None where it is not in use."""
    chosen = [record.genes or {} for record in records]
    names = dict.fromkeys(name for genes in chosen for name in genes if name != TARGET)
    found = {name: [genes.get(name) for genes in chosen] for name in names}
    return {name: values for name, values in found.items() if len(set(values)) > 1}


def ranks(values: Sequence[Gene | None]) -> Matrix | None:
    """Return numbers as their ranks (N,), NaN where there is none.

    None for values that have no order.
    """
    if not all(v is None or type(v) in (int, float) for v in values):
        return None
    numbers = np.array([np.nan if v is None else float(v) for v in values], float)
    known = np.isfinite(numbers)
    numbers[known] = np.unique(numbers[known], return_inverse=True)[1]
    return numbers


def columns(values: Sequence[Gene | None]) -> Matrix:
    """Return a gene as columns (N, any number) that say nothing where it is not in use.

    Each is 0 on average over the trials that use the gene, and 0 in all others.
    """
    found = ranks(values)
    if found is None:
        different = [v for v in dict.fromkeys(values) if v is not None]
        known = np.array([v is not None for v in values])
        wide = np.array([[v == d for d in different] for v in values], float)
    else:
        known = np.isfinite(found)
        top = max(float(found[known].max(initial=0.0)), 1.0)
        wide = np.where(known, found, 0.0)[:, None] / top
    wide[known] -= wide[known].mean(axis=0)
    return wide[:, wide.any(axis=0)]


def joined(genes: Mapping[str, Sequence[Gene | None]], number: int) -> Matrix:
    """Return the columns of several genes of so many trials beside each other."""
    each = [columns(values) for values in genes.values()]
    return np.concatenate([np.zeros((number, 0)), *each], axis=1)


def size_columns(records: Sequence[TrialRecord]) -> Matrix:
    """Return columns (N, 0 to 4) whose sums are smooth curves over the log of size.

    They are those of a natural cubic spline, with more knots for more trials.
    """
    logs = np.log([max(record.params, 1) for record in records])
    if np.ptp(logs) < 1e-9:
        return np.zeros((len(logs), 0))
    scaled: Matrix = (logs - logs.mean()) / logs.std()
    num_knots = 3 if len(logs) < 40 else 4 if len(logs) < 200 else 5
    knots = np.unique(np.quantile(scaled, np.linspace(0.05, 0.95, num_knots)))
    if len(knots) < 3:
        return scaled[:, None]

    def bend(knot: float) -> Matrix:
        ends = (np.maximum(scaled - at, 0) ** 3 for at in (knot, knots[-1]))
        bent: Matrix = (next(ends) - next(ends)) / (knots[-1] - knot)
        return bent

    last = bend(knots[-2])
    wide = [scaled, *(bend(knot) - last for knot in knots[:-2])]
    return np.stack([column - column.mean() for column in wide], axis=1)
