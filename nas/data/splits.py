"""Splits of labelled data that keep the share of every class."""

import numpy as np
from numpy.typing import NDArray


def stratified(
    labels: NDArray[np.int64], fraction: float, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split positions in two: (rest, chosen), each in ascending order.

    Of every class ``fraction`` is chosen, give or take one, and so it is of all
    together, save that a class of two or more has at least one on both sides.
    Nothing but the three arguments decides who.
    """
    assert 0 < fraction < 1, fraction
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    _, counts = np.unique(labels, return_counts=True)
    # Rounding the running total, not each class, keeps the total right.
    ends = np.cumsum(counts)
    shares = np.diff(np.floor(ends * fraction + 1e-9).astype(np.intp), prepend=0)
    shares = np.clip(shares, np.minimum(1, counts - 1), counts - 1)
    rank = np.arange(len(labels)) - np.repeat(ends - counts, counts)
    chosen = rank < np.repeat(shares, counts)
    return np.sort(by_class[~chosen]), np.sort(by_class[chosen])


def stratified_groups(
    labels: NDArray[np.int64],
    groups: NDArray[np.intp],
    fraction: float,
    seed: int,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split as `stratified` does, with all of a group on the same side.

    Args:
        labels: (N,).
        groups: (N,), 0 to the number of groups less one; identical images share one.
        fraction: chosen of the groups of every class.
        seed: decides who is chosen.
    """
    _, first = np.unique(groups, return_index=True)
    _, chosen = stratified(labels[first], fraction, seed)
    is_chosen = np.isin(groups, chosen)
    return np.flatnonzero(~is_chosen), np.flatnonzero(is_chosen)
