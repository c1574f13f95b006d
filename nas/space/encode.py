"""From an architecture back to genes that may decode to it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import fields
from heapq import heappop, heappush
from itertools import islice, product
from typing import Any, Final

from nas.arch import Architecture, Block, Gene
from nas.errors import SpaceError
from nas.space.domains import Choice, Domain, FloatRange
from nas.space.space import BlockSpace, SearchSpace, Variant, kinds
from nas.space.topology import channels

_MOST_CANDIDATES: Final = 4096


def topologies(
    space: SearchSpace, architecture: Architecture
) -> Iterator[dict[str, Gene]]:
    """Yield genes, without the target size, that may come to the architecture.

    Everything but relative widths can be read off. Widths were rounded, so several
    proportions can come to the same ones: all are yielded, the most even first.

    Raises:
        SpaceError: naming the part of the architecture that the space does not hold.
    """
    if len(architecture.blocks) != len(space.blocks):
        raise SpaceError(
            f"the space {space.name!r} has {len(space.blocks)} blocks, "
            f"the architecture {len(architecture.blocks)}"
        )
    match = _Match(space)
    stem = architecture.stem
    match.value("stem.kernel", space.stem.kernel, stem.kernel)
    match.value("stem.stride", space.stem.stride, stem.stride)
    match.width("stem.width", space.stem.width, stem.width)
    for i, (part, block) in enumerate(
        zip(space.blocks, architecture.blocks, strict=True), start=1
    ):
        match.block(f"block{i}", part, block)
    yield from islice(match.candidates(), _MOST_CANDIDATES)


class _Match:
    """Collects the genes that are certain, and the options of those that are not."""

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        self.certain: dict[str, Gene] = {}
        # For each width, its channels and the (gene, relative width)s it may have.
        self.widths: list[tuple[int, str, tuple[float, ...]]] = []
        self.growths: list[tuple[str, tuple[Gene, ...]]] = []

    def value(self, name: str, domain: Domain, value: Any) -> None:
        """Note a gene whose value can be read off."""
        if not domain.contains(value):
            raise SpaceError(
                f"{name} is {value!r} in the architecture, which the space "
                f"{self.space.name!r} does not hold"
            )
        if not _fixed(domain):
            self.certain[name] = value

    def width(self, name: str, domain: Domain, width: int) -> None:
        """Note a width, whose relative value has to be guessed."""
        if not self.space.solved:
            self.value(name, domain, width)
            return
        assert not isinstance(domain, FloatRange)  # the loader's rule
        options: Any = domain.options
        self.widths.append((width, "" if _fixed(domain) else name, options))

    def block(self, place: str, part: BlockSpace, block: Block) -> None:
        """Note the genes of a block."""
        for what in ("aggregation", "unit"):
            variants: tuple[Variant, ...] = getattr(part, what)
            spec: Any = getattr(block, what)
            self.value(f"{place}.{what}", kinds(variants), spec.kind)
            variant = next(v for v in variants if v.kind == spec.kind)
            for field in fields(spec):
                name = f"{place}.{spec.kind}.{field.name}"
                value = getattr(spec, field.name)
                if self.space.solved and field.name == "growth":
                    self.growth(name, variant.options["growth"], value, block.width)
                else:
                    default: Any = field.default
                    domain = variant.options.get(field.name, Choice((default,)))
                    self.value(name, domain, value)
            if variant.depth is not None:
                self.value(f"{place}.{spec.kind}.depth", variant.depth, block.depth)
            elif what == "aggregation":
                self.value(f"{place}.depth", part.depth, block.depth)
        self.value(f"{place}.stride", part.stride, block.stride)
        self.width(f"{place}.width", part.width, block.width)

    def growth(self, name: str, domain: Domain, growth: int, width: int) -> None:
        """Note a growth, whose ratio to the width has to be guessed."""
        assert not isinstance(domain, FloatRange)  # the loader's rule
        options: Any = domain.options
        fitting = tuple(
            option
            for option in options
            if channels(self.space, width * option) == growth
        )
        if not fitting:
            raise SpaceError(
                f"{name} is {growth} of {width} channels in the architecture, which "
                f"the space {self.space.name!r} does not hold"
            )
        if not _fixed(domain):
            self.growths.append((name, fitting))

    def candidates(self) -> Iterator[dict[str, Gene]]:
        """Yield all combinations, those of the most even multiplier first."""
        seen = set()
        for parts in _evenest([(width, options) for width, _, options in self.widths]):
            proportions = tuple(round(part / max(parts), 9) for part in parts)
            if proportions in seen:  # solved for a size, they come to the same
                continue
            seen.add(proportions)
            chosen: dict[str, Gene] = dict(self.certain)
            for (_, name, _), part in zip(self.widths, parts, strict=True):
                if name:
                    chosen[name] = part
            for ratios in product(*(fit for _, fit in self.growths)):
                yield chosen | {
                    name: ratio
                    for (name, _), ratio in zip(self.growths, ratios, strict=True)
                }


def _evenest(
    widths: Sequence[tuple[int, tuple[float, ...]]],
) -> Iterator[tuple[float, ...]]:
    """Yield one relative width for each width, the most even multipliers first.

    A multiplier is a width over its relative width; they are uneven by the ratio of the
    largest to the smallest, which can only rise as widths are added: best first.
    """
    # (unevenness, widths to go, a number that breaks ties, least, most, chosen so far)
    heap: list[tuple[float, int, int, float, float, tuple[float, ...]]]
    heap = [(0.0, len(widths), 0, math.inf, -math.inf, ())]
    number = 0
    while heap:
        _, left, _, least, most, parts = heappop(heap)
        if not left:
            yield parts
            continue
        width, options = widths[len(parts)]
        for option in options:
            multiplier = math.log(width / option)
            low, high = min(least, multiplier), max(most, multiplier)
            number += 1
            heappush(heap, (high - low, left - 1, number, low, high, (*parts, option)))


def _fixed(domain: Domain) -> bool:
    return isinstance(domain, Choice) and len(domain.options) == 1
