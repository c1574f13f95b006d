"""The smallest network of a space, found without trying them all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

from nas.arch import (
    Architecture,
    AuxHead,
    Block,
    StemConv,
    StemLayer,
)
from nas.errors import SpecError
from nas.nn.cost import block_cost
from nas.space.domains import Choice, Domain, FloatRange
from nas.space.space import BlockSpace, Part, SearchSpace, has_width
from nas.space.topology import BlockTopology, block_at

# Fewer parameters with a smaller value; of other options all values are tried.
_MONOTONE: Final = frozenset(("kernel", "growth", "ratio", "expansion", "squeeze"))
_ANY_SIZE: Final = (64, 64)  # parameters don't depend on the resolution


@dataclass(frozen=True, slots=True)
class _State:
    """What of a row of parts matters for the cost of what follows.

    ``raw`` features of preactivated units may still need a norm; ``fused`` is the
    width of the stages that the head sees so far.
    """

    width: int
    raw: bool = False
    fused: int = 0


_Chain = tuple[int, tuple[StemLayer, ...], tuple[Block, ...]]


def smallest(
    space: SearchSpace, input_shape: tuple[int, int, int], num_classes: int
) -> Architecture:
    """Return the architecture of the fewest parameters.

    Size grows with depth, kernel, growth, ratio and width, so only their smallest
    values count. A width is also the next block's input, and two that are equal may
    save a projection: the best chain of widths is found block by block.

    Raises:
        SpecError: when no network works for the images, saying why.
    """
    found = [
        _Search(space, str(fusion), num_classes).best(input_shape)
        for fusion in _values(space.fusion)
    ]
    _, stem, blocks, fusion = min(found, key=lambda item: item[0])
    least = Architecture(
        input_shape=input_shape,
        num_classes=num_classes,
        stem=stem,
        blocks=blocks,
        fusion=fusion,
        aux=_least_aux(space),
        activation=_values(space.activation)[0],
        norm=_first(space.norm),
        dropout=_least(space.dropout),
    )
    _check_strides(space, least)
    return least


class _Search:
    """Dynamic programming over the parts of a network, for one kind of fusion."""

    def __init__(self, space: SearchSpace, fusion: str, num_classes: int) -> None:
        self.space = space
        self.fusion = fusion
        self.num_classes = num_classes
        self.read_by_aux = {head.after for head in _least_aux(space)}

    def best(
        self, input_shape: tuple[int, int, int]
    ) -> tuple[int, tuple[StemLayer, ...], tuple[Block, ...], str]:
        """Return the fewest parameters, and the stem and blocks that have them."""
        widths = _widths(self.space)
        chains: dict[_State, _Chain] = {_State(input_shape[0]): (0, (), ())}
        for part in self.space.stem:
            chains = self._after_stem(chains, part, widths)
        for i, block in enumerate(self.space.blocks):
            chains = self._after_block(chains, block, widths.pop(0), i)
        ends = [
            (params + self._end(state), stem, blocks, self.fusion)
            for state, (params, stem, blocks) in chains.items()
        ]
        return min(ends, key=lambda end: end[0])

    def _after_stem(
        self,
        chains: Mapping[_State, _Chain],
        part: Part,
        widths: list[tuple[int, ...]],
    ) -> dict[_State, _Chain]:
        options = list(_combinations(part.options))
        if has_width(part):
            options = [
                {**chosen, "width": width}
                for chosen, width in product(options, widths.pop(0))
            ]
        grown: dict[_State, _Chain] = {}
        for state, (params, stem, _) in chains.items():
            for chosen in options:
                layer: StemLayer = part.build(chosen)
                after, total = state, params
                if isinstance(layer, StemConv):
                    after = _State(layer.width)
                    total += state.width * layer.width * layer.kernel**2
                    total += 2 * layer.width * layer.norm
                _keep(grown, after, (total, (*stem, layer), ()))
        return grown

    def _after_block(
        self,
        chains: Mapping[_State, _Chain],
        part: BlockSpace,
        widths: tuple[int, ...],
        i: int,
    ) -> dict[_State, _Chain]:
        grown: dict[_State, _Chain] = {}
        refused: SpecError | None = None
        for state, (params, stem, blocks) in chains.items():
            for block in _candidates(self.space, part, state.width, widths):
                try:
                    block.check_widths(state.width)
                except SpecError as error:
                    refused = error.at(f"blocks[{i}]")  # type: ignore[assignment]
                    continue
                opens = block.stride > 1 or block.pool is not None
                total, fused = self._between(state, opens and i > 0)
                if i > 0 and state.raw and self._closes(block, opens, i - 1):
                    total += 2 * state.width
                total += params + block_cost(block, state.width, _ANY_SIZE).params
                after = _State(block.width, block.unit.preact, fused)
                _keep(grown, after, (total, stem, (*blocks, block)))
        if not grown:
            assert refused is not None
            raise refused
        return grown

    def _closes(self, block: Block, opens: bool, before: int) -> bool:
        """Tell whether raw features need a norm ahead of a block."""
        ends_stage = opens and self.fusion != "last"
        return not block.unit.preact or ends_stage or before in self.read_by_aux

    def _between(self, state: _State, ends_stage: bool) -> tuple[int, int]:
        """Return what the end of a stage costs, and the width that is fused then."""
        if not ends_stage or self.fusion == "last":
            return 0, state.fused
        if self.fusion == "concat":
            return 0, state.fused + state.width
        node = (state.fused + state.width + 2) * state.width if state.fused else 0
        return node, state.width

    def _end(self, state: _State) -> int:
        cost, fused = self._between(state, ends_stage=True)
        width = fused if self.fusion == "concat" else state.width
        closing = 2 * state.width if state.raw else 0
        return cost + closing + (width + 1) * self.num_classes


def _keep(chains: dict[_State, _Chain], state: _State, chain: _Chain) -> None:
    if state not in chains or chain[0] < chains[state][0]:
        chains[state] = chain


def _candidates(
    space: SearchSpace, block: BlockSpace, w_in: int, widths: tuple[int, ...]
) -> Iterator[Block]:
    strides = sorted({_least(block.stride), _greatest(block.stride)})
    for aggregation, unit, stride in product(block.aggregation, block.unit, strides):
        for options, unit_options in product(
            _combinations(aggregation.options), _combinations(unit.options)
        ):
            topology = BlockTopology(
                aggregation=aggregation,
                options=options,
                unit=unit.build(unit_options),
                depth=_least(aggregation.depth or block.depth),
                width=1,
                stride=stride,
                pool=None if block.pool is None else _first(block.pool),
            )
            grows = options.get("compress") is False
            chosen: tuple[int | None, ...] = (None,) if grows else widths
            for width in chosen:
                try:
                    yield block_at(space, topology, w_in, width)
                except SpecError:
                    continue  # two options that don't go together


def _combinations(options: Mapping[str, Domain]) -> Iterator[dict[str, Any]]:
    """Yield the choices of options among which the cheapest must be."""
    values = [
        (_least(domain),) if name in _MONOTONE else _values(domain)
        for name, domain in options.items()
        if name != "width"
    ]
    names = [name for name in options if name != "width"]
    for chosen in product(*values):
        yield dict(zip(names, chosen, strict=True))


def _least_aux(space: SearchSpace) -> tuple[AuxHead, ...]:
    """Return the heads that cannot be left out."""
    heads = [part for part in space.aux if _least(part.options["weight"]) > 0]
    return tuple(_first(part) for part in heads)


def _check_strides(space: SearchSpace, architecture: Architecture) -> None:
    """Have the architecture's own rule judge the largest strides of the space."""
    stem = [
        replace(layer, stride=_greatest(part.options.get("stride", Choice((1,)))))
        if isinstance(layer, StemConv)
        else layer
        for layer, part in zip(architecture.stem, space.stem, strict=True)
    ]
    replace(
        architecture,
        stem=tuple(stem),
        blocks=tuple(
            replace(block, stride=_greatest(part.stride))
            for block, part in zip(architecture.blocks, space.blocks, strict=True)
        ),
    )


def _widths(space: SearchSpace) -> list[tuple[int, ...]]:
    """Return the widths that stem and blocks may have in the smallest network.

    Neighbours of equal width could all shrink together, so where it matters they have
    the smallest width that all of them may have.
    """
    domains = [part.options["width"] for part in space.stem if has_width(part)]
    domains += [block.width for block in space.blocks]
    if space.solved:
        return [(space.min_width,)] * len(domains)
    found: list[set[int]] = [set() for _ in domains]
    for first, domain in enumerate(domains):
        assert not isinstance(domain, FloatRange)  # the loader's rule
        shared: list[Any] = list(domain.options)
        for last in range(first, len(domains)):
            shared = [width for width in shared if domains[last].contains(width)]
            if not shared:
                break
            for widths in found[first : last + 1]:
                widths.add(min(shared))
    return [tuple(sorted(widths)) for widths in found]


def _first(part: Part) -> Any:
    """Return a spec with the first value of each option."""
    return part.build({name: _values(d)[0] for name, d in part.options.items()})


def _values(domain: Domain) -> tuple[Any, ...]:
    if isinstance(domain, Choice):
        return domain.options
    return (domain.low, domain.high)


def _least(domain: Domain) -> Any:
    return min(_values(domain))


def _greatest(domain: Domain) -> Any:
    return max(_values(domain))
