"""Networks at the size of another one: widths solved until it is met."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from math import inf, log
from typing import Final

from nas.arch import Architecture, Block, Concat, Inception, StemConv, StemLayer
from nas.errors import SpecError
from nas.nn.cost import num_params

TOLERANCE: Final = 0.01
"""Sizes that differ by no more than this part are met."""

_NARROW: Final = 4
"""Channels that an inception unit needs at least, one a branch."""

_MANY: Final = 12
"""Of so many widths, no more than two are changed by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How widths may be solved.

    They are multiples of ``step``, and the logarithm of none is farther than ``most``
    from where it should be. Those that are equal stay equal if they are ``tied``.
    """

    step: int
    most: float
    tied: bool = True


_WAYS: Final = (
    _Way(step=4, most=0.2),
    _Way(step=2, most=0.2),
    _Way(step=1, most=0.2),
    _Way(step=1, most=0.2, tied=False),
    _Way(step=1, most=inf, tied=False),
)
"""The first that meets a size is taken: multiples of 4 compute fastest."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A network of some size; ``off`` is the worst logarithm of its widths."""

    params: int
    off: float
    architecture: Architecture


def resized(architecture: Architecture, params: int) -> Architecture:
    """Return a network with its widths scaled so that it has a size, or almost.

    All widths have one multiplier, as far as whole channels allow; growth rates are
    scaled like widths. Where `TOLERANCE` cannot be met it is the nearest size that was
    found, which happens to the smallest networks: a channel is more than that there.

    Args:
        architecture: whose proportions are kept.
        params: trainable parameters; it may have a few more or fewer.

    Raises:
        SpecError: when no widths work.
    """
    if abs(num_params(architecture) - params) <= TOLERANCE * params:
        return architecture
    found: list[_Found] = []
    for way in _WAYS:
        here = list(_around(architecture, params, way))
        met = [
            one
            for one in here
            if abs(one.params - params) <= TOLERANCE * params and one.off <= way.most
        ]
        if met:
            return min(met, key=lambda one: (one.off, one.params)).architecture
        found += here
    if not found:
        raise SpecError(f"no widths work that make about {params:,} parameters")
    return min(found, key=lambda one: (abs(one.params - params), one.off)).architecture


def _around(architecture: Architecture, params: int, way: _Way) -> Iterator[_Found]:
    """Yield networks near a size.

    They are those at the multiplier that comes nearest, and the same with a few of the
    widths a step wider or narrower.
    """
    widths, step = _widths(architecture), way.step
    narrow = any(isinstance(b.unit, Inception) for b in architecture.blocks)
    least = max(step, _NARROW if narrow else 1)

    def at(multiplier: float) -> list[int]:
        return [max(least, round(w * multiplier / step) * step) for w in widths]

    def found(chosen: Sequence[int], multiplier: float) -> _Found | None:
        try:
            network = _with(architecture, chosen)
            size = num_params(network)
        except SpecError:  # a block must not be wider than the next, for example
            return None
        ratios = (c / (w * multiplier) for c, w in zip(chosen, widths, strict=True))
        return _Found(size, max(abs(log(r)) for r in ratios), network)

    def is_small(multiplier: float) -> bool:
        here = found(at(multiplier), multiplier)
        return here is not None and here.params < params

    low = high = 1.0
    while is_small(high):
        high *= 2
    while low * max(widths) > 1 and not is_small(low):
        low /= 2
    while high / low > 1 + 1e-4:
        middle = (low * high) ** 0.5
        if is_small(middle):
            low = middle
        else:
            high = middle
    groups = _groups(widths) if way.tied else [[place] for place in range(len(widths))]
    changes = 3 if step == 1 and len(groups) <= _MANY else 2
    for multiplier in (low, high):
        start = at(multiplier)
        for count in range(min(changes, len(groups)) + 1):
            for several in combinations(groups, count):
                for signs in product((-step, step), repeat=count):
                    chosen = list(start)
                    for group, sign in zip(several, signs, strict=True):
                        for place in group:
                            chosen[place] += sign
                    one = found(chosen, multiplier) if min(chosen) >= least else None
                    if one is not None:
                        yield one


def _groups(widths: Sequence[int]) -> list[list[int]]:
    """Return the places of equal widths together."""
    groups: dict[int, list[int]] = {}
    for place, width in enumerate(widths):
        groups.setdefault(width, []).append(place)
    return list(groups.values())


def _widths(architecture: Architecture) -> list[int]:
    """Return the widths that can be chosen, growth rates among them."""
    found = [layer.width for layer in architecture.stem if isinstance(layer, StemConv)]
    for block in architecture.blocks:
        match block.aggregation:
            case Concat(growth=growth, compress=compress):
                found += [growth, block.width] if compress else [growth]
            case _:
                found.append(block.width)
    return found


def _with(architecture: Architecture, widths: Sequence[int]) -> Architecture:
    """Return the network with other widths, in the order of ``_widths``.

    Raises:
        SpecError: when they cannot work.
    """
    left = iter(widths)
    stem: list[StemLayer] = []
    w_in = 0
    for layer in architecture.stem:
        if isinstance(layer, StemConv):
            w_in = next(left)
            layer = replace(layer, width=w_in)
        stem.append(layer)
    blocks: list[Block] = []
    for block in architecture.blocks:
        match block.aggregation:
            case Concat(compress=compress) as aggregation:
                grown = replace(aggregation, growth=next(left))
                width = next(left) if compress else w_in + block.depth * grown.growth
                blocks.append(replace(block, aggregation=grown, width=width))
            case _:
                blocks.append(replace(block, width=next(left)))
        w_in = blocks[-1].width
    return replace(architecture, stem=tuple(stem), blocks=tuple(blocks), genes=None)
