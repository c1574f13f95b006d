"""Splits of labelled data that keep the share of every class."""

import numpy as np
from numpy.typing import NDArray


def stratified(
    labels: NDArray[np.int64], fraction: float, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split positions in two: (rest, chosen), each in ascending order.

    Of every class, and of all together, ``fraction`` is chosen, give or take one.
    Nothing but the three arguments decides who.
    """
    assert 0 < fraction < 1, fraction
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    # Walking along the classes one after another, a position is chosen each time
    # the running total of `fraction` reaches the next whole number.
    totals = np.floor(np.arange(len(labels) + 1) * fraction + 1e-9)
    chosen = np.diff(totals) > 0
    return np.sort(by_class[~chosen]), np.sort(by_class[chosen])
