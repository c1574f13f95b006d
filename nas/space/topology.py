"""A topology: all that genes say about a network but the number of its channels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nas.arch import (
    Architecture,
    AuxHead,
    Block,
    Concat,
    Gene,
    Norm,
    Pool,
    StemConv,
    StemLayer,
    Unit,
)
from nas.space.domains import Choice, Domain, is_fixed
from nas.space.space import BlockSpace, Part, SearchSpace, Variant, has_width, kinds

Choose = Callable[[str, Domain], Gene]
"""Answers a gene's name and domain with its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockTopology:
    """A block without its channels; ``width`` is None where it follows from the rest.

    ``options`` are those of the aggregation, a relative growth among them.
    """

    aggregation: Variant
    options: Mapping[str, Any]
    unit: Unit
    depth: int
    width: float | None
    stride: int
    pool: Pool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """A network without its channels.

    Stem layers are pools, or the options of a convolution with its width in the
    space's terms.
    """

    stem: tuple[Pool | Mapping[str, Any], ...]
    blocks: tuple[BlockTopology, ...]
    fusion: str
    aux: tuple[AuxHead, ...]
    activation: str
    norm: Norm
    dropout: float

    @property
    def widths(self) -> tuple[float, ...]:
        """Every width that was chosen, of the stem's layers and the blocks."""
        stem = [layer["width"] for layer in self.stem if not isinstance(layer, Pool)]
        blocks = [block.width for block in self.blocks if block.width is not None]
        return (*stem, *blocks)


def walk(space: SearchSpace, choose: Choose) -> Topology:
    """Return the topology that the answers of ``choose`` make.

    Only genes in use are asked for, in a fixed order, each under its own name; what
    has a single option is not asked for.
    """
    return _Walk(space, choose).topology()


def genes(space: SearchSpace) -> dict[str, Domain]:
    """Return every gene of a space with its domain, those that exclude others too."""
    found: dict[str, Domain] = {}

    def note(name: str, domain: Domain) -> None:
        if not is_fixed(domain):
            found[name] = domain

    def note_all(place: str, options: Mapping[str, Domain]) -> None:
        for name, domain in options.items():
            note(f"{place}.{name}", domain)

    for i, part in enumerate(space.stem):
        note_all(space.stem_place(i), part.options)
    for i, block in enumerate(space.blocks, start=1):
        place = f"block{i}"
        for what in ("aggregation", "unit"):
            variants: tuple[Variant, ...] = getattr(block, what)
            note(f"{place}.{what}", kinds(variants))
            for variant in variants:
                note_all(f"{place}.{variant.kind}", variant.options)
                if variant.depth is not None:
                    note(f"{place}.{variant.kind}.depth", variant.depth)
        if any(variant.depth is None for variant in block.aggregation):
            note(f"{place}.depth", block.depth)
        note(f"{place}.width", block.width)
        note(f"{place}.stride", block.stride)
        if block.pool is not None:
            note_all(f"{place}.pool", block.pool.options)
    note("fusion", space.fusion)
    for i, part in enumerate(space.aux, start=1):
        note_all(f"aux{i}", part.options)
    note("activation", space.activation)
    note_all("norm", space.norm.options)
    note("dropout", space.dropout)
    return found


def assemble(
    space: SearchSpace,
    topology: Topology,
    widths: tuple[int, ...],
    input_shape: tuple[int, int, int],
    num_classes: int,
    chosen: Mapping[str, Gene] | None,
) -> Architecture:
    """Return the architecture of a topology whose chosen widths come to these."""
    channels_of = iter(widths)
    stem: list[StemLayer] = []
    w_in = 0
    for layer in topology.stem:
        if isinstance(layer, Pool):
            stem.append(layer)
        else:
            w_in = next(channels_of)
            stem.append(StemConv(**{**layer, "width": w_in}))
    blocks = []
    for part in topology.blocks:
        width = None if part.width is None else next(channels_of)
        blocks.append(block_at(space, part, w_in, width))
        w_in = blocks[-1].width
    return Architecture(
        input_shape=input_shape,
        num_classes=num_classes,
        stem=tuple(stem),
        blocks=tuple(blocks),
        fusion=topology.fusion,
        aux=topology.aux,
        activation=topology.activation,
        norm=topology.norm,
        dropout=topology.dropout,
        genes=chosen,
    )


def block_at(
    space: SearchSpace, block: BlockTopology, w_in: int, width: int | None
) -> Block:
    """Return a block at a width; a relative growth follows it, or it the growth."""
    options = dict(block.options)
    if width is None:
        width = w_in + block.depth * options["growth"]
    elif space.solved and block.aggregation.cls is Concat:
        options["growth"] = channels(space, width * options["growth"])
    return Block(
        aggregation=block.aggregation.build(options),
        unit=block.unit,
        depth=block.depth,
        width=width,
        stride=block.stride,
        pool=block.pool,
    )


def channels(space: SearchSpace, wanted: float) -> int:
    """Return the number of channels in the space's steps that is just under ``wanted``.

    Never less than one step.
    """
    step = space.multiple_of
    return max(step, int(wanted / step + 1e-9) * step)


class _Walk:
    def __init__(self, space: SearchSpace, choose: Choose) -> None:
        self.space = space
        self.choose = choose

    def topology(self) -> Topology:
        space = self.space
        stem: list[Pool | Mapping[str, Any]] = []
        for i, part in enumerate(space.stem):
            options = self.options(space.stem_place(i), part.options)
            stem.append(options if has_width(part) else part.build(options))
        blocks = tuple(
            self.block(f"block{i}", block)
            for i, block in enumerate(space.blocks, start=1)
        )
        fusion = self.pick("fusion", space.fusion)
        aux = [self.aux(f"aux{i}", part) for i, part in enumerate(space.aux, start=1)]
        return Topology(
            stem=tuple(stem),
            blocks=blocks,
            fusion=fusion,
            aux=tuple(head for head in aux if head is not None),
            activation=self.pick("activation", space.activation),
            norm=space.norm.build(self.options("norm", space.norm.options)),
            dropout=self.pick("dropout", space.dropout),
        )

    def block(self, place: str, block: BlockSpace) -> BlockTopology:
        aggregation = self.variant(f"{place}.aggregation", block.aggregation)
        unit = self.variant(f"{place}.unit", block.unit)
        own = f"{place}.{aggregation.kind}"
        if aggregation.depth is None:
            depth = self.pick(f"{place}.depth", block.depth)
        else:
            depth = self.pick(f"{own}.depth", aggregation.depth)
        options = self.options(own, aggregation.options)
        grows = options.get("compress") is False
        built = unit.build(self.options(f"{place}.{unit.kind}", unit.options))
        width = None if grows else self.pick(f"{place}.width", block.width)
        stride = self.pick(f"{place}.stride", block.stride)
        pool = None
        if block.pool is not None:
            pool = block.pool.build(self.options(f"{place}.pool", block.pool.options))
        return BlockTopology(
            aggregation=aggregation,
            options=options,
            unit=built,
            depth=depth,
            width=width,
            stride=stride,
            pool=pool,
        )

    def aux(self, place: str, part: Part) -> AuxHead | None:
        """Return an auxiliary head; one of no weight is not there."""
        weight = self.pick(f"{place}.weight", part.options["weight"])
        if weight == 0:
            return None
        rest = {name: d for name, d in part.options.items() if name != "weight"}
        head: AuxHead = part.build({"weight": weight} | self.options(place, rest))
        return head

    def variant(self, name: str, variants: tuple[Variant, ...]) -> Variant:
        kind = self.pick(name, kinds(variants))
        return next(variant for variant in variants if variant.kind == kind)

    def options(self, place: str, options: Mapping[str, Domain]) -> dict[str, Any]:
        return {
            name: self.pick(f"{place}.{name}", domain)
            for name, domain in options.items()
        }

    def pick(self, name: str, domain: Domain) -> Any:
        if isinstance(domain, Choice) and len(domain.options) == 1:
            return domain.options[0]
        return self.choose(name, domain)
