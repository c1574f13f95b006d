"""Limits and ticks of the front's picture, as plain numbers."""

from collections.abc import Sequence
from math import exp, floor, log, log10
from typing import Final

_MAX_TICKS: Final = 8
# What stands in a decade, in tenths, from the finest ladder to the coarsest.
_LADDERS: Final = (
    (10, 12, 15, 20, 25, 30, 40, 50, 60, 80),
    (10, 15, 20, 30, 50, 70),
    (10, 20, 50),
    (10, 30),
    (10,),
)


def size_limits(sizes: Sequence[float], max_params: int | None) -> tuple[float, float]:
    """Return what a logarithmic axis shows: all sizes, and the budget if it is near.

    A budget of more than four times the largest size would only squeeze the trials.
    """
    low, high = log(min(sizes)), log(max(sizes))
    if max_params is not None and max_params <= 4 * max(sizes):
        high = max(high, log(max_params))
    margin = max(0.04 * (high - low), (log(2.5) - (high - low)) / 2)
    return exp(low - margin), exp(high + margin)


def size_ticks(low: float, high: float) -> tuple[int, ...]:
    """Return round sizes from ``low`` to ``high``, as many as are easy to read."""
    powers = range(floor(log10(low)), floor(log10(high)) + 1)
    ticks: list[int] = []
    for ladder in _LADDERS:
        tenths = [step * 10**power for power in powers for step in ladder]
        ticks = [n // 10 for n in tenths if low <= n / 10 <= high and n % 10 == 0]
        if len(ticks) <= _MAX_TICKS:
            break
    return tuple(ticks)


def accuracy_limits(accuracies: Sequence[float], worst: float) -> tuple[float, float]:
    """Return what the accuracy axis shows: the best down to not far below ``worst``.

    With the front's least accurate trial as ``worst``, hopeless trials cannot squeeze
    the front into a line at the top.
    """
    best = max(accuracies)
    low = max(min(accuracies), worst - 0.3 * (best - worst) - 0.005)
    margin = max(0.08 * (best - low), 0.005)
    return max(0.0, low - margin), best + margin
