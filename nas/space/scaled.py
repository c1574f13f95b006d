"""Known networks at other sizes: all widths scaled alike, the shape kept."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from nas.arch import (
    Architecture,
    Block,
    Concat,
    Inception,
    StemConv,
    StemLayer,
)
from nas.errors import DoesNotFit, SpecError
from nas.nn.cost import num_params

_STEPS: Final = (4, 2, 1)
"""Channels come in multiples of the first of these that does well enough."""

_NEAR: Final = 0.98
"""Well enough: a network of at least this share of its target..."""

_TRUE: Final = 0.9
"""...no width of which is rounded to less than this share of what it should be."""

_NARROW: Final = 4
"""Channels that an inception unit needs at least, one a branch."""


def scaled(architecture: Architecture, max_params: int) -> Architecture:
    """Return a network with its widths scaled so that it lands just under a size.

    All widths have one multiplier, and those that are equal stay equal, which is what
    shortcuts without a projection need. Growth rates are scaled like widths; a width
    that follows from them goes on doing so. Auxiliary heads, which are no part of a
    network's size, stay as they are.

    Args:
        architecture: whose proportions are kept, as far as whole channels allow.
        max_params: the most trainable parameters that it may have.

    Raises:
        DoesNotFit: when it is larger even with the fewest channels.
    """
    known = sorted(_widths(architecture))
    narrow = any(isinstance(b.unit, Inception) for b in architecture.blocks)
    least = _NARROW if narrow else 1
    smallest = num_params(_with(architecture, dict.fromkeys(known, least)))
    if smallest > max_params:
        raise DoesNotFit(
            f"it has {smallest:,} parameters with the fewest channels, more than "
            f"{max_params:,}"
        )
    for step in _STEPS:
        widths, is_true = _solved(architecture, known, max_params, step, least)
        found = _with(architecture, widths)
        size = num_params(found)
        if size <= max_params and is_true and size >= _NEAR * max_params:
            return found
    assert size <= max_params, "steps of one channel reach down to the smallest"
    return _filled(architecture, widths, max_params)


def _solved(
    architecture: Architecture, known: list[int], target: int, step: int, least: int
) -> tuple[dict[int, int], bool]:
    """Return the widths at the largest multiplier whose network is not too large.

    And whether rounding has left all of them near what they should be.
    """

    def at(multiplier: float) -> dict[int, int]:
        return {
            width: max(least, step, int(width * multiplier / step + 1e-9) * step)
            for width in known
        }

    def size_at(multiplier: float) -> int:
        return num_params(_with(architecture, at(multiplier)))

    high = 1 / known[-1]
    while size_at(high) <= target:
        high *= 2
    # Widths change where one of them comes to a whole number of steps.
    stairs = sorted(
        {k * step / w for w in known for k in range(1, int(high * w / step) + 1)}
    )
    # Size is not quite monotone: a shortcut needs no projection where widths agree.
    place = bisect_right(stairs, target, key=size_at)
    while place and size_at(stairs[place - 1]) > target:
        place -= 1
    multiplier = stairs[place - 1] if place else high / 2
    widths = at(multiplier)
    is_true = all(
        _TRUE * w * multiplier <= widths[w] <= w * multiplier / _TRUE for w in known
    )
    return widths, is_true


def _filled(
    architecture: Architecture, widths: Mapping[int, int], max_params: int
) -> Architecture:
    """Return the network with widths rounded up where that fits, the widest first."""
    widths = dict(widths)
    found = _with(architecture, widths)
    for width in sorted(widths, reverse=True):
        fuller = widths | {width: widths[width] + 1}
        try:
            larger = _with(architecture, fuller)
        except SpecError:  # it must not be wider than the next
            continue
        if num_params(found) < num_params(larger) <= max_params:
            widths, found = fuller, larger
    return found


def _widths(architecture: Architecture) -> set[int]:
    """Return the widths that were chosen, growth rates among them."""
    found = {p.width for p in architecture.stem if isinstance(p, StemConv)}
    for block in architecture.blocks:
        match block.aggregation:
            case Concat(growth=growth):
                found.add(growth)
            case _:
                found.add(block.width)
    return found


def _with(architecture: Architecture, widths: Mapping[int, int]) -> Architecture:
    """Return the network with other widths in the place of those it has."""
    stem: list[StemLayer] = []
    for layer in architecture.stem:
        if isinstance(layer, StemConv):
            layer = replace(layer, width=widths[layer.width])
        stem.append(layer)
    old_in = architecture.widths[0]
    w_in = widths[old_in]
    blocks: list[Block] = []
    for block in architecture.blocks:
        changed = _block(block, old_in, w_in, widths)
        old_in, w_in = block.width, changed.width
        blocks.append(changed)
    return replace(architecture, stem=tuple(stem), blocks=tuple(blocks), genes=None)


def _block(block: Block, old_in: int, w_in: int, widths: Mapping[int, int]) -> Block:
    match block.aggregation:
        case Concat(growth=growth, compress=compress) as aggregation:
            grown = w_in + block.depth * widths[growth]
            width = grown
            if compress:
                share = block.width / (old_in + block.depth * growth)
                width = max(1, int(grown * share))
            return replace(
                block,
                aggregation=replace(aggregation, growth=widths[growth]),
                width=width,
            )
        case _:
            return replace(block, width=widths[block.width])
