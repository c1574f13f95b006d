"""Columns whose effects are levels of aggregations, and differences of such levels."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nas.arch import Gene
from nas.report.bands import Band
from nas.report.gene_columns import Matrix

Parts = Mapping[Band | None, Matrix]
"""Whether each trial (N,) is in a band, 1 or 0."""

Blocks = Mapping[int, Sequence[Gene | None]]
"""The aggregation of each trial in some blocks, None where it is not in use."""


class Level(NamedTuple):
    """What a column stands for: the level of a band, if there is no block.

    Else how much higher it is with an aggregation in that block than with the block's
    first one.
    """

    band: Band | None
    block: int | None
    kind: Gene | None


def levels(blocks: Blocks, parts: Parts) -> dict[Level, Matrix]:
    """Return columns (N,), of which each band and each block has its own."""
    found = {}
    for band, part in parts.items():
        found[Level(band, None, None)] = part
        for block, values in blocks.items():
            inside = [v for v, is_in in zip(values, part, strict=True) if is_in]
            for kind in [*dict.fromkeys(inside)][1:]:
                has = np.array([value == kind for value in values], float)
                found[Level(band, block, kind)] = has * part
    return {level: column for level, column in found.items() if column.any()}


def contrast(
    levels: Iterable[Level], band: Band | None, one: str, other: str
) -> Matrix:
    """Return the sum of effects (Q,) that is the difference of two aggregations.

    That is between networks that have the one and such that have the other in every
    block of the levels, all else being equal.
    """
    return _has(levels, band, one) - _has(levels, band, other)


def between(levels: Iterable[Level], band: Band | None, one: str, other: str) -> Matrix:
    """Return the sum of effects (Q,) that is half way between two aggregations."""
    return (_has(levels, band, one) + _has(levels, band, other)) / 2


def fewest(blocks: Blocks, part: Matrix, kind: str) -> int:
    """Return how many trials of a part have an aggregation, where fewest have it."""
    return min(
        sum(
            bool(is_in) and value == kind
            for value, is_in in zip(values, part, strict=True)
        )
        for values in blocks.values()
    )


def _has(levels: Iterable[Level], band: Band | None, kind: str) -> Matrix:
    return np.array(
        [
            level.band == band and level.block is not None and level.kind == kind
            for level in levels
        ],
        float,
    )
