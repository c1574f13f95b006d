"""Exact parameters and multiply-accumulates of an architecture, without building it.

The sums mirror the modules beside this file; a property test pins them to what the
built modules have (``nas.nn.measure``). Needs no torch: a search counts many networks
for each one that it trains.

A multiply-accumulate (MAC) is counted for every weight of a convolution or linear layer
at every position it is applied to; normalisation, activations, pooling and additions
are not counted, as in the papers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import assert_never

from nas.arch import (
    Architecture,
    AuxHead,
    Basic,
    Block,
    Bottleneck,
    Chain,
    Concat,
    Conv,
    CustomAggregation,
    CustomUnit,
    Hierarchical,
    Inception,
    Inverted,
    Pool,
    PreactBasic,
    PreactBottleneck,
    Separable,
    Sum,
    Unit,
)

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cost:
    """Trainable parameters, and MACs for one image."""

    params: int
    macs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkCost:
    """The cost of each part of a network, and their sum.

    A block's ``closing`` norm, where preactivated units end, is counted with it. The
    auxiliary heads (``aux``) are gone after training and not part of the total.
    """

    stem: Cost
    blocks: tuple[Cost, ...]
    fusion: Cost
    head: Cost
    aux: tuple[Cost, ...]

    @property
    def total(self) -> Cost:
        """The cost of the whole network."""
        return _total((self.stem, *self.blocks, self.fusion, self.head))

    @property
    def with_aux(self) -> Cost:
        """The cost of what is trained: the network and its auxiliary heads."""
        return _total((self.total, *self.aux))


def cost(architecture: Architecture) -> NetworkCost:
    """Return the exact cost of an architecture, part by part."""
    widths, sizes = architecture.widths, architecture.resolutions
    blocks = []
    for i, block in enumerate(architecture.blocks):
        spent = block_cost(block, widths[i], sizes[i])
        if needs_closing(architecture, i):
            spent = Cost(spent.params + 2 * block.width, spent.macs)
        blocks.append(spent)
    fusion, width = _fusion(architecture)
    classes = architecture.num_classes
    return NetworkCost(
        stem=_stem(architecture),
        blocks=tuple(blocks),
        fusion=fusion,
        head=Cost(width * classes + classes, width * classes),
        aux=tuple(
            _aux(head, widths[head.after + 1], classes) for head in architecture.aux
        ),
    )


def num_params(architecture: Architecture) -> int:
    """Return the size of an architecture: its trainable parameters."""
    return cost(architecture).total.params


def needs_closing(architecture: Architecture, i: int) -> bool:
    """Tell whether block ``i`` needs a norm and activation behind it.

    It does when its units are preactivated, so that its output is raw, and something
    else than further preactivated units reads it.
    """
    blocks = architecture.blocks
    if not blocks[i].unit.preact:
        return False
    return (
        i == len(blocks) - 1
        or not blocks[i + 1].unit.preact
        or (architecture.fusion != "last" and i in architecture.stage_ends)
        or any(head.after == i for head in architecture.aux)
    )


@lru_cache(maxsize=1 << 16)
def block_cost(block: Block, w_in: int, size_in: Size) -> Cost:
    """Return the cost of a block that gets (w_in, *size_in) features."""
    size = block.size(size_in)
    if block.pool is not None:
        size_in = size
    if isinstance(block.unit, CustomUnit) or isinstance(
        block.aggregation, CustomAggregation
    ):
        from nas.nn.plugins import measured_block

        return measured_block(block, w_in, size_in)
    count = _Count()
    units = block.unit_widths(w_in)
    match block.aggregation:
        case Chain() | Sum() | Hierarchical():
            count.unit(block.unit, *units[0], size_in, size)
            if block.depth > 1:
                count.unit(block.unit, *units[1], size, size, times=block.depth - 1)
        case Concat():
            for unit_in, unit_out in units:
                count.unit(block.unit, unit_in, unit_out, size, size)
    _add_aggregation(count, block, w_in, size)
    return Cost(count.params, count.macs)


def _add_aggregation(count: "_Count", block: Block, w_in: int, size: Size) -> None:
    width, preact = block.width, block.unit.preact
    match block.aggregation:
        case Chain():
            pass
        case Sum(shortcut=shortcut):
            if shortcut == "conv" and (block.stride > 1 or w_in != width):
                count.projection(w_in, width, size, preact)
        case Concat(growth=growth, compress=compress):
            if compress:
                grown = w_in + block.depth * growth
                count.conv(grown, width, 1, size)
                count.norm(grown if preact else width)
        case Hierarchical(carry_input=carry_input):
            if w_in != width:
                count.projection(w_in, width, size, preact)
            # Root i closes every subtree that ends at leaf 2i + 2; each subtree but
            # the smallest carries the output of its first half to that root.
            for i in range(block.depth // 2):
                last = i == block.depth // 2 - 1
                closed = block.depth if last else 2 * i + 2
                children = (closed & -closed).bit_length() * width
                if last and carry_input:
                    children += w_in
                count.conv(children, width, 1, size)
                count.norm(children if preact else width)


def _stem(architecture: Architecture) -> Cost:
    count = _Count()
    width, *size = architecture.input_shape
    at: Size = (size[0], size[1])
    for layer in architecture.stem:
        at = layer.size(at)
        if isinstance(layer, Pool):
            continue
        count.conv(width, layer.width, layer.kernel, at)
        if layer.norm:
            count.norm(layer.width)
        width = layer.width
    return Cost(count.params, count.macs)


def _fusion(architecture: Architecture) -> tuple[Cost, int]:
    """Return the cost of the fusion and the width that it hands to the head."""
    ends = architecture.stage_ends
    widths = [architecture.widths[i + 1] for i in ends]
    sizes = [architecture.resolutions[i + 1] for i in ends]
    if architecture.fusion == "concat":
        return Cost(0, 0), sum(widths)
    count = _Count()
    if architecture.fusion == "hierarchical":
        for i in range(1, len(ends)):
            count.conv(widths[i - 1] + widths[i], widths[i], 1, sizes[i])
            count.norm(widths[i])
    return Cost(count.params, count.macs), widths[-1]


def _aux(head: AuxHead, w_in: int, num_classes: int) -> Cost:
    count = _Count()
    if head.width:
        count.conv(w_in, head.width, 1, (head.pool, head.pool))
        count.norm(head.width)
    width = (head.width or w_in) * head.pool * head.pool
    if head.hidden:
        count.linear(width, head.hidden)
        width = head.hidden
    count.linear(width, num_classes)
    return Cost(count.params, count.macs)


class _Count:
    """Adds up layers."""

    __slots__ = ("macs", "params")

    def __init__(self) -> None:
        self.params = 0
        self.macs = 0

    def conv(
        self, w_in: int, w_out: int, kernel: int, size: Size, groups: int = 1
    ) -> None:
        weights = w_in // groups * w_out * kernel * kernel
        self.params += weights
        self.macs += weights * size[0] * size[1]

    def norm(self, width: int) -> None:
        self.params += 2 * width

    def linear(self, w_in: int, w_out: int) -> None:
        self.params += w_in * w_out + w_out
        self.macs += w_in * w_out

    def projection(self, w_in: int, w_out: int, size: Size, preact: bool) -> None:
        self.conv(w_in, w_out, 1, size)
        if not preact:
            self.norm(w_out)

    def unit(
        self,
        unit: Unit,
        w_in: int,
        w_out: int,
        size_in: Size,
        size: Size,
        times: int = 1,
    ) -> None:
        one = unit_cost(unit, w_in, w_out, size_in, size)
        self.params += one.params * times
        self.macs += one.macs * times


@lru_cache(maxsize=1 << 16)
def unit_cost(unit: Unit, w_in: int, w_out: int, size_in: Size, size: Size) -> Cost:
    """Return the cost of a unit between two widths and resolutions."""
    assert not isinstance(unit, CustomUnit), "counted with their block"
    count = _Count()
    k = unit.kernel
    match unit:
        case Conv():
            count.conv(w_in, w_out, k, size)
            count.norm(w_out)
        case Basic():
            count.conv(w_in, w_out, k, size)
            count.conv(w_out, w_out, k, size)
            count.norm(2 * w_out)
        case PreactBasic():
            count.norm(w_in + w_out)
            count.conv(w_in, w_out, k, size)
            count.conv(w_out, w_out, k, size)
        case Bottleneck():
            hidden = unit.derived(w_in, w_out)["hidden"]
            count.conv(w_in, hidden, 1, size_in)
            count.conv(hidden, hidden, k, size, unit.groups)
            count.conv(hidden, w_out, 1, size)
            count.norm(2 * hidden + w_out)
        case PreactBottleneck():
            hidden = unit.derived(w_in, w_out)["hidden"]
            count.norm(w_in + hidden)
            count.conv(w_in, hidden, 1, size_in)
            count.conv(hidden, w_out, k, size)
        case Separable():
            count.conv(w_in, w_in, k, size, groups=w_in)
            count.conv(w_in, w_out, 1, size)
            count.norm(w_in + w_out)
        case Inverted():
            _add_inverted(count, unit, w_in, w_out, size_in, size)
        case Inception():
            _add_inception(count, unit, w_in, w_out, size_in, size)
        case _:
            assert_never(unit)
    return Cost(count.params, count.macs)


def _add_inverted(
    count: _Count, unit: Inverted, w_in: int, w_out: int, size_in: Size, size: Size
) -> None:
    derived = unit.derived(w_in, w_out)
    hidden, squeezed = derived["hidden"], derived["squeezed"]
    if hidden != w_in:
        count.conv(w_in, hidden, 1, size_in)
        count.norm(hidden)
    count.conv(hidden, hidden, unit.kernel, size, groups=hidden)
    count.conv(hidden, w_out, 1, size)
    count.norm(hidden + w_out)
    if squeezed:
        count.linear(hidden, squeezed)
        count.linear(squeezed, hidden)


def _add_inception(
    count: _Count, unit: Inception, w_in: int, w_out: int, size_in: Size, size: Size
) -> None:
    parts = unit.derived(w_in, w_out)
    count.conv(w_in, parts["conv1"], 1, size)
    count.conv(w_in, parts["reduce3"], 1, size_in)
    count.conv(parts["reduce3"], parts["conv3"], 3, size)
    count.conv(w_in, parts["reducek"], 1, size_in)
    count.conv(parts["reducek"], parts["convk"], unit.kernel, size)
    count.conv(w_in, parts["pool"], 1, size)
    count.norm(w_out + parts["reduce3"] + parts["reducek"])


def _total(costs: Iterable[Cost]) -> Cost:
    costs = tuple(costs)
    return Cost(sum(c.params for c in costs), sum(c.macs for c in costs))
