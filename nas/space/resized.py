"""Networks at the size of another one: widths solved until it is met."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, groupby, product
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

_GRID: Final = 2500
"""Choices of widths that are tried where steps from a multiplier miss a size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How widths may be solved.

    They are multiples of ``step``, and the logarithm of none is farther than ``most``
    from where it should be. Those that are equal stay equal if they are ``tied``. A few
    of them move by a step each, or all by any number of channels on a ``grid``.
    """

    step: int
    most: float
    tied: bool = True
    grid: bool = False


_WAYS: Final = (
    _Way(step=4, most=0.2),
    _Way(step=2, most=0.2),
    _Way(step=1, most=0.2),
    _Way(step=1, most=0.2, tied=False),
    _Way(step=1, most=inf, tied=False),
    _Way(step=1, most=inf, tied=False, grid=True),
)
"""The first that meets a size is taken: multiples of 4 compute fastest."""


class _Sized:
    """The networks that one becomes with other widths, each made once."""

    def __init__(self, architecture: Architecture) -> None:
        self._architecture = architecture
        self._known: dict[tuple[int, ...], tuple[int, Architecture] | None] = {}
        self.widths = _widths(architecture)
        narrow = any(isinstance(b.unit, Inception) for b in architecture.blocks)
        self.least = _NARROW if narrow else 1

    def __call__(self, widths: tuple[int, ...]) -> tuple[int, Architecture] | None:
        """Return the parameters and the network, None where it cannot be."""
        if widths not in self._known:
            try:
                network = _with(self._architecture, widths)
                self._known[widths] = num_params(network), network
            except SpecError:  # a block must not be wider than the next, for example
                self._known[widths] = None
        return self._known[widths]


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
    sized = _Sized(architecture)
    nearest: tuple[int, Architecture] | None = None
    for way in _WAYS:
        choices = sorted(_choices(sized, params, way))
        for _, alike in groupby(choices, key=lambda choice: choice[0]):
            here = [one for _, widths in alike if (one := sized(widths)) is not None]
            met = [one for one in here if abs(one[0] - params) <= TOLERANCE * params]
            if met:
                return min(met, key=lambda one: one[0])[1]
            found = here if nearest is None else [nearest, *here]
            nearest = min(found, key=lambda one: abs(one[0] - params), default=None)
    if nearest is None:
        raise SpecError(f"no widths work that make about {params:,} parameters")
    return nearest[1]


def _choices(
    sized: _Sized, params: int, way: _Way
) -> Iterator[tuple[float, tuple[int, ...]]]:
    """Yield widths near a size, each after the worst logarithm of one.

    They are those at the multiplier that comes nearest, and the same with a few of the
    widths a step wider or narrower, or all of them on a grid around it.
    """
    widths, step = sized.widths, way.step
    least = max(step, sized.least)

    def at(multiplier: float) -> tuple[int, ...]:
        return tuple(max(least, round(w * multiplier / step) * step) for w in widths)

    def is_small(multiplier: float) -> bool:
        here = sized(at(multiplier))
        return here is not None and here[0] < params

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
    for multiplier in (low, high):
        start = at(multiplier)
        for chosen in _grid(start) if way.grid else _stepped(start, widths, way):
            if min(chosen) >= least:
                off = max(
                    abs(log(c / (w * multiplier)))
                    for c, w in zip(chosen, widths, strict=True)
                )
                if off <= way.most:
                    yield off, chosen


def _stepped(
    start: tuple[int, ...], widths: Sequence[int], way: _Way
) -> Iterator[tuple[int, ...]]:
    """Yield widths, and the same with a few of them a step wider or narrower."""
    groups = _groups(widths) if way.tied else [[place] for place in range(len(widths))]
    changes = 3 if way.step == 1 and len(groups) <= _MANY else 2
    for count in range(min(changes, len(groups)) + 1):
        for several in combinations(groups, count):
            for signs in product((-way.step, way.step), repeat=count):
                chosen = list(start)
                for group, sign in zip(several, signs, strict=True):
                    for place in group:
                        chosen[place] += sign
                yield tuple(chosen)


def _grid(start: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Yield all widths within as many channels of some as `_GRID` allows."""
    reach = round(_GRID ** (1 / len(start)) - 1) // 2
    ranges = (range(width - reach, width + reach + 1) for width in start)
    return product(*ranges)


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
