"""A topology: all that genes say about a network but the number of its channels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nas.arch import (
    AGGREGATIONS,
    UNITS,
    Aggregation,
    Architecture,
    Block,
    Concat,
    Gene,
    Stem,
    Unit,
)
from nas.space.domains import Choice, Domain
from nas.space.space import BlockSpace, SearchSpace, Variant, kinds

Choose = Callable[[str, Domain], Gene]
"""Answers a gene's name and domain with its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockTopology:
    """A block without its channels."""

    aggregation: type[Aggregation]
    aggregation_options: Mapping[str, Any]
    unit: Unit
    depth: int
    width: float
    stride: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """A network without its channels; ``widths`` of stem and blocks are relative."""

    stem_width: float
    stem_kernel: int
    stem_stride: int
    blocks: tuple[BlockTopology, ...]

    @property
    def widths(self) -> tuple[float, ...]:
        """The width of the stem and of every block, in the space's terms."""
        return (self.stem_width, *(block.width for block in self.blocks))


def walk(space: SearchSpace, choose: Choose) -> Topology:
    """Return the topology that the answers of ``choose`` make.

    Only genes in use are asked for, in a fixed order, each under its own name; what
    has a single option is not asked for.
    """

    def pick(name: str, domain: Domain) -> Any:
        if isinstance(domain, Choice) and len(domain.options) == 1:
            return domain.options[0]
        return choose(name, domain)

    return Topology(
        stem_width=pick("stem.width", space.stem.width),
        stem_kernel=pick("stem.kernel", space.stem.kernel),
        stem_stride=pick("stem.stride", space.stem.stride),
        blocks=tuple(
            _block(f"block{i}", block, pick)
            for i, block in enumerate(space.blocks, start=1)
        ),
    )


def genes(space: SearchSpace) -> dict[str, Domain]:
    """Return every gene of a space with its domain, those that exclude others too."""
    found: dict[str, Domain] = {}

    def note(name: str, domain: Domain) -> None:
        if not (isinstance(domain, Choice) and len(domain.options) == 1):
            found[name] = domain

    for name in ("width", "kernel", "stride"):
        note(f"stem.{name}", getattr(space.stem, name))
    for i, block in enumerate(space.blocks, start=1):
        place = f"block{i}"
        for part in ("aggregation", "unit"):
            variants: tuple[Variant, ...] = getattr(block, part)
            note(f"{place}.{part}", kinds(variants))
            for variant in variants:
                for option, domain in variant.options.items():
                    note(f"{place}.{variant.kind}.{option}", domain)
                if variant.depth is not None:
                    note(f"{place}.{variant.kind}.depth", variant.depth)
        if any(variant.depth is None for variant in block.aggregation):
            note(f"{place}.depth", block.depth)
        note(f"{place}.width", block.width)
        note(f"{place}.stride", block.stride)
    return found


def assemble(
    space: SearchSpace,
    topology: Topology,
    widths: tuple[int, ...],
    input_shape: tuple[int, int, int],
    num_classes: int,
    chosen: Mapping[str, Gene] | None,
) -> Architecture:
    """Return the architecture of a topology whose stem and blocks have these widths."""
    stem = Stem(
        width=widths[0], kernel=topology.stem_kernel, stride=topology.stem_stride
    )
    return Architecture(
        input_shape=input_shape,
        num_classes=num_classes,
        stem=stem,
        blocks=tuple(
            block_at(space, block, width)
            for block, width in zip(topology.blocks, widths[1:], strict=True)
        ),
        genes=chosen,
    )


def block_at(space: SearchSpace, block: BlockTopology, width: int) -> Block:
    """Return a block at a width; a relative growth follows the width."""
    options = dict(block.aggregation_options)
    if space.solved and block.aggregation is Concat:
        options["growth"] = channels(space, width * options["growth"])
    return Block(
        aggregation=block.aggregation(**options),
        unit=block.unit,
        depth=block.depth,
        width=width,
        stride=block.stride,
    )


def channels(space: SearchSpace, wanted: float) -> int:
    """Return the number of channels in the space's steps that is just under ``wanted``.

    Never less than one step.
    """
    step = space.multiple_of
    return max(step, int(wanted / step + 1e-9) * step)


def _block(
    place: str, block: BlockSpace, pick: Callable[[str, Domain], Any]
) -> BlockTopology:
    aggregation = _variant(
        block.aggregation, pick(f"{place}.aggregation", kinds(block.aggregation))
    )
    unit = _variant(block.unit, pick(f"{place}.unit", kinds(block.unit)))
    if aggregation.depth is None:
        depth = pick(f"{place}.depth", block.depth)
    else:
        depth = pick(f"{place}.{aggregation.kind}.depth", aggregation.depth)
    return BlockTopology(
        aggregation=AGGREGATIONS[aggregation.kind],
        aggregation_options=_options(place, aggregation, pick),
        unit=UNITS[unit.kind](**_options(place, unit, pick)),
        depth=depth,
        width=pick(f"{place}.width", block.width),
        stride=pick(f"{place}.stride", block.stride),
    )


def _variant(variants: tuple[Variant, ...], kind: str) -> Variant:
    return next(variant for variant in variants if variant.kind == kind)


def _options(
    place: str, variant: Variant, pick: Callable[[str, Domain], Any]
) -> dict[str, Any]:
    return {
        name: pick(f"{place}.{variant.kind}.{name}", domain)
        for name, domain in variant.options.items()
    }
