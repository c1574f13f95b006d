"""A network with other aggregations: one block's at a time, and those of all blocks."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import log2, sqrt
from typing import Any, Final

from nas.arch import (
    Aggregation,
    Architecture,
    Block,
    Concat,
    CustomAggregation,
    Hierarchical,
    Sum,
)
from nas.errors import SpecError
from nas.space.domains import Domain, FloatRange
from nas.space.space import SearchSpace, Variant

KINDS: Final = ("sum", "concat", "hierarchical")
"""The aggregations that a block is switched to, whatever the space offers it."""

_GROWTH: Final = 0.5
"""Of a concat block where nothing else says what it should be, relative to its width"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A network with another aggregation in a block, or one in all of them.

    ``name`` is "block-2-concat", counted from 1, or "all-concat". The widths are those
    of the network that it was made from, so that its size is another one.
    """

    name: str
    architecture: Architecture


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Every switch that a network allows; ``left_out`` says which it does not."""

    variants: tuple[Switch, ...]
    left_out: tuple[str, ...]


def switches(architecture: Architecture, space: SearchSpace | None = None) -> Switches:
    """Return a network with each block's aggregation switched to each of the others.

    One block at a time, and all blocks at once, to `KINDS` and to whatever else the
    space offers there: chains, and aggregations of plugins. The options of an
    aggregation that is new to a block are those of the nearest block that has it
    already, or else the middle of what the space offers that block, or else the
    defaults, and a growth of half the width. What a concat block has grown is
    compressed to the width that the block had. A tree gets the power of two of units
    that is nearest.

    Args:
        architecture: whatever it has, custom units and aggregations among it.
        space: that it was drawn from, if there is one.
    """
    variants: list[Switch] = []
    left_out: list[str] = []
    blocks = architecture.blocks

    def add(name: str, called: str, where: Iterable[int], kind: str) -> None:
        changed = architecture
        try:
            for place in where:
                changed = _switched(changed, place, kind, architecture, space)
        except SpecError as error:
            left_out.append(f"{called} with {_word(kind)}: {error}")
        else:
            variants.append(Switch(name=name, architecture=changed))

    offered = [_offered(space, place, len(blocks)) for place in range(len(blocks))]
    for place, block in enumerate(blocks):
        for kind in offered[place]:
            if _called(block.aggregation) != kind:
                number = place + 1
                add(f"block-{number}-{kind}", f"block {number}", [place], kind)
    for kind in offered[0]:
        if not all(kind in here for here in offered):
            continue
        others = [i for i, b in enumerate(blocks) if _called(b.aggregation) != kind]
        if len(others) == 1 and len(blocks) > 1:
            left_out.append(
                f"all blocks with {_word(kind)}: that is block {others[0] + 1} with "
                f"{_word(kind)}, for the others have it already"
            )
        elif len(others) > 1:
            add(f"all-{kind}", "all blocks", others, kind)
    return Switches(variants=tuple(variants), left_out=tuple(left_out))


def _offered(space: SearchSpace | None, place: int, blocks: int) -> tuple[str, ...]:
    """Return what a block is switched to, by what ``_called`` calls it."""
    own = (variant.kind for variant in _variants(space, place, blocks))
    return tuple(dict.fromkeys((*KINDS, *own)))


def _variants(
    space: SearchSpace | None, place: int, blocks: int
) -> tuple[Variant, ...]:
    """Return what the space offers a block; nothing where it is about others."""
    if space is None or len(space.blocks) != blocks:
        return ()
    return space.blocks[place].aggregation


def _called(aggregation: Aggregation) -> str:
    """Return the kind of an aggregation, or the class of a plugin's."""
    if isinstance(aggregation, CustomAggregation):
        return aggregation.name
    return aggregation.kind


def _word(kind: str) -> str:
    return "tree" if kind == Hierarchical.kind else kind


def _switched(
    architecture: Architecture,
    place: int,
    kind: str,
    original: Architecture,
    space: SearchSpace | None,
) -> Architecture:
    """Return the network with a block's aggregation switched.

    Raises:
        SpecError: when no options of the aggregation fit in there.
    """
    block = architecture.blocks[place]
    depth = block.depth
    for variant in _variants(space, place, len(architecture.blocks)):
        if variant.kind == kind and variant.plugin and variant.depth:
            depth = _nearest(variant.depth, depth)
    if kind == Hierarchical.kind:
        depth = _leaves(depth)
    refused: SpecError | None = None
    for aggregation in _candidates(kind, place, original, space):
        try:
            changed = replace(block, aggregation=aggregation, depth=depth)
            return _with_block(architecture, place, changed)
        except SpecError as error:
            refused = error
    assert refused is not None, "there are defaults"
    raise refused


def _with_block(architecture: Architecture, place: int, block: Block) -> Architecture:
    before, after = architecture.blocks[:place], architecture.blocks[place + 1 :]
    return replace(architecture, blocks=(*before, block, *after), genes=None)


def _leaves(depth: int) -> int:
    """Return the power of two of at least 2 that is nearest by its ratio."""
    return 1 << max(1, round(log2(depth)))


def _nearest(domain: Domain, depth: int) -> int:
    """Return the number of units that is nearest by its ratio, and allowed."""
    assert not isinstance(domain, FloatRange)
    options = [int(option) for option in domain.options]
    return min(options, key=lambda option: abs(log2(option / depth)))


def _candidates(
    kind: str, place: int, architecture: Architecture, space: SearchSpace | None
) -> Iterator[Aggregation]:
    """Yield the aggregation as a block may have it, what is wanted most first."""
    blocks = architecture.blocks
    width = blocks[place].width
    near = sorted(range(len(blocks)), key=lambda other: (abs(other - place), other))
    for other in near:
        block = blocks[other]
        match block.aggregation:
            case Concat(growth=growth) if kind == Concat.kind:
                yield _concat(width, growth / block.width)
            case aggregation if _called(aggregation) == kind:
                yield aggregation
    for variant in _variants(space, place, len(blocks)):
        if variant.kind == kind and kind in KINDS:
            yield _of_space(
                kind, variant.options, width, solved=space is not None and space.solved
            )
        elif variant.kind == kind:
            options = {name: _middle(d) for name, d in variant.options.items()}
            yield variant.build(options)
    if kind in KINDS:
        yield _of_space(kind, {}, width, solved=True)


def _of_space(
    kind: str, options: Mapping[str, Domain], width: int, *, solved: bool
) -> Aggregation:
    chosen: dict[str, Any] = {name: _middle(d) for name, d in options.items()}
    match kind:
        case Concat.kind:
            growth = chosen.get("growth", _GROWTH)
            return _concat(width, growth if solved else growth / width)
        case Sum.kind:
            return Sum(**chosen)
        case _:
            return Hierarchical(**chosen)


def _concat(width: int, growth: float) -> Concat:
    return Concat(growth=max(1, round(growth * width)))


def _middle(domain: Domain) -> Any:
    if isinstance(domain, FloatRange):
        if domain.log:
            return sqrt(domain.low * domain.high)
        return (domain.low + domain.high) / 2
    return domain.options[(len(domain.options) - 1) // 2]
