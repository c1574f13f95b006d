"""Bands of size: parts of a search's range in which networks are about as large."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log
from typing import Final

from nas.drawing.human import human

BANDS: Final = 4
"""A search's range is cut into so many; a search draws about as many sizes in each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Networks of more than ``low`` and at most ``high`` parameters."""

    low: int
    high: int

    @property
    def label(self) -> str:
        """The band in words: '2.10 k to 5.00 k'."""
        return f"{human(self.low)} to {human(self.high)}"

    def __contains__(self, params: int) -> bool:
        return self.low < params <= self.high


def size_bands(smallest: int, max_params: int, count: int = BANDS) -> tuple[Band, ...]:
    """Return bands of equal width in the logarithm of size, the smallest first.

    They go by what is known before a search begins, so they never move while it runs.

    Args:
        smallest: the parameters of the smallest network that there may be.
        max_params: the budget.
        count: of bands; there are fewer where sizes leave no room for them.
    """
    low, high = log(max(smallest, 1)), log(max(max_params, smallest, 1))
    inner = (exp(low + (high - low) * i / count) for i in range(1, count))
    edges = [smallest - 1, *(_rounded(edge) for edge in inner), max_params]
    ascending = [edges[0]]
    for edge in edges[1:]:
        if edge > ascending[-1]:
            ascending.append(edge)
    if len(ascending) == 1:
        ascending.append(smallest)
    return tuple(Band(low=a, high=b) for a, b in pairwise(ascending))


def band_of(params: int, bands: Iterable[Band]) -> Band | None:
    """Return the band that a size lies in, None when it is outside of all."""
    return next((band for band in bands if params in band), None)


def _rounded(value: float) -> int:
    """Return a value in two significant digits."""
    return int(float(f"{value:.2g}"))
