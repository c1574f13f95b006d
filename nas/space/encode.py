"""From an architecture back to genes that may decode to it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from heapq import heappop, heappush
from itertools import islice, product
from typing import Any, Final

from nas.arch import (
    Architecture,
    AuxHead,
    Block,
    Concat,
    CustomAggregation,
    CustomUnit,
    Gene,
    StemConv,
    StemLayer,
)
from nas.errors import SpaceError
from nas.space.domains import Choice, Domain, FloatRange, is_fixed
from nas.space.space import BlockSpace, Part, SearchSpace, Variant, kinds
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
    match = _Match(space)
    match.lengths("stem layers", space.stem, architecture.stem)
    match.lengths("blocks", space.blocks, architecture.blocks)
    for i, (part, layer) in enumerate(zip(space.stem, architecture.stem, strict=True)):
        match.stem(space.stem_place(i), part, layer)
    for i, (block_space, block) in enumerate(
        zip(space.blocks, architecture.blocks, strict=True), start=1
    ):
        match.block(f"block{i}", block_space, block)
    match.value("fusion", space.fusion, architecture.fusion)
    match.aux(architecture.aux)
    match.value("activation", space.activation, architecture.activation)
    match.options("norm", space.norm.options, architecture.norm)
    match.value("dropout", space.dropout, architecture.dropout)
    yield from islice(match.candidates(), _MOST_CANDIDATES)


class _Match:
    """Collects the genes that are certain, and the options of those that are not."""

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        self.certain: dict[str, Gene] = {}
        # For each width, its channels and the (gene, relative width)s it may have.
        self.widths: list[tuple[int, str, tuple[float, ...]]] = []
        self.growths: list[tuple[str, tuple[Gene, ...]]] = []

    def lengths(self, what: str, parts: Sequence[Any], specs: Sequence[Any]) -> None:
        """Refuse an architecture of more or fewer parts."""
        if len(parts) != len(specs):
            raise SpaceError(
                f"the space {self.space.name!r} has {len(parts)} {what}, "
                f"the architecture {len(specs)}"
            )

    def value(self, name: str, domain: Domain, value: Any) -> None:
        """Note a gene whose value can be read off."""
        if isinstance(domain, FloatRange) and isinstance(value, int | float):
            value = float(value)
        if not domain.contains(value):
            # 1 and 1.0 are the same to a spec; the space says which it means.
            options = domain.options if isinstance(domain, Choice) else ()
            alike = [o for o in options if o == value and type(o) is not bool]
            if not alike or isinstance(value, bool):
                raise SpaceError(
                    f"{name} is {value!r} in the architecture, which the space "
                    f"{self.space.name!r} does not hold"
                )
            value = alike[0]
        if not is_fixed(domain):
            self.certain[name] = value

    def options(
        self, place: str, options: Mapping[str, Domain], spec: Any, *but: str
    ) -> None:
        """Note the genes of a spec's fields."""
        for field in fields(spec):
            if field.name not in but:
                default: Any = field.default
                domain = options.get(field.name, Choice((default,)))
                self.value(f"{place}.{field.name}", domain, getattr(spec, field.name))

    def stem(self, place: str, part: Part, layer: StemLayer) -> None:
        """Note the genes of a stem layer."""
        if not isinstance(layer, part.cls):
            raise SpaceError(
                f"{place} is a {layer.kind} in the architecture, which the space "
                f"{self.space.name!r} does not hold"
            )
        self.options(place, part.options, layer, "width")
        if isinstance(layer, StemConv):
            self.width(f"{place}.width", part.options["width"], layer.width)

    def aux(self, heads: Sequence[AuxHead]) -> None:
        """Note the genes of the auxiliary heads, those of no weight left out."""
        left = list(heads)
        for i, part in enumerate(self.space.aux, start=1):
            weight, after = part.options["weight"], part.options["after"]
            head = left[0] if left else None
            if head is None or not after.contains(head.after):
                self.value(f"aux{i}.weight", weight, 0)
                continue
            self.options(f"aux{i}", part.options, head)
            left.pop(0)
        if left:
            raise SpaceError(
                f"the architecture has an auxiliary head after block {left[0].after}, "
                f"which the space {self.space.name!r} does not hold"
            )

    def width(self, name: str, domain: Domain, width: int) -> None:
        """Note a width, whose relative value has to be guessed."""
        if not self.space.solved:
            self.value(name, domain, width)
            return
        assert not isinstance(domain, FloatRange)  # the loader's rule
        options: Any = domain.options
        self.widths.append((width, "" if is_fixed(domain) else name, options))

    def block(self, place: str, part: BlockSpace, block: Block) -> None:
        """Note the genes of a block."""
        grows = isinstance(block.aggregation, Concat) and not block.aggregation.compress
        for what in ("aggregation", "unit"):
            self.variant(place, what, part, block)
        self.value(f"{place}.stride", part.stride, block.stride)
        if not grows:
            self.width(f"{place}.width", part.width, block.width)
        if (part.pool is None) != (block.pool is None):
            has = "has" if block.pool else "has no"
            raise SpaceError(
                f"{place} {has} pool in the architecture, unlike in the space "
                f"{self.space.name!r}"
            )
        if part.pool is not None:
            self.options(f"{place}.pool", part.pool.options, block.pool)

    def variant(self, place: str, what: str, part: BlockSpace, block: Block) -> None:
        """Note the genes of a block's aggregation or unit."""
        variants: tuple[Variant, ...] = getattr(part, what)
        spec: Any = getattr(block, what)
        custom = isinstance(spec, CustomUnit | CustomAggregation)
        kind = spec.name if custom else spec.kind
        self.value(f"{place}.{what}", kinds(variants), kind)
        variant = next(v for v in variants if v.kind == kind)
        own = f"{place}.{kind}"
        if custom:
            if spec.plugin != variant.plugin:
                raise SpaceError(f"{own} is of another version of {spec.plugin.file}")
            for name, value in spec.options:
                self.value(f"{own}.{name}", variant.options[name], value)
        elif self.space.solved and isinstance(spec, Concat):
            self.growth(
                f"{own}.growth", variant.options["growth"], spec.growth, block.width
            )
            self.options(own, variant.options, spec, "growth")
        else:
            self.options(own, variant.options, spec)
        if variant.depth is not None:
            self.value(f"{own}.depth", variant.depth, block.depth)
        elif what == "aggregation":
            self.value(f"{place}.depth", part.depth, block.depth)

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
        if not is_fixed(domain):
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
