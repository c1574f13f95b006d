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

from nas.arch import (
    Architecture,
    Basic,
    Block,
    Bottleneck,
    Concat,
    Hierarchical,
    Separable,
    Sum,
    Unit,
    downsampled,
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Trainable parameters, and MACs for one image."""

    params: int
    macs: int

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.params + other.params, self.macs + other.macs)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkCost:
    """The cost of each part of a network, and their sum."""

    stem: Cost
    blocks: tuple[Cost, ...]
    head: Cost

    @property
    def total(self) -> Cost:
        """The cost of the whole network."""
        return _sum((self.stem, *self.blocks, self.head))


def cost(architecture: Architecture) -> NetworkCost:
    """Return the exact cost of an architecture, part by part."""
    stem = architecture.stem
    size = downsampled(architecture.input_shape[1:], stem.stride)
    width = stem.width
    blocks = []
    for block in architecture.blocks:
        blocks.append(block_cost(block, width, size))
        size = downsampled(size, block.stride)
        width = block.width
    classes = architecture.num_classes
    return NetworkCost(
        stem=_conv_norm(
            architecture.input_shape[0],
            stem.width,
            stem.kernel,
            architecture.resolutions[0],
        ),
        blocks=tuple(blocks),
        head=Cost(width * classes + classes, width * classes),
    )


def num_params(architecture: Architecture) -> int:
    """Return the size of an architecture: its trainable parameters."""
    return cost(architecture).total.params


@lru_cache(maxsize=1 << 16)
def block_cost(block: Block, w_in: int, size_in: tuple[int, int]) -> Cost:
    """Return the cost of a block that gets (w_in, *size_in) features."""
    match block.aggregation:
        case Sum():
            return _sum_block(block, w_in, size_in)
        case Concat(growth=growth):
            return _concat_block(block, growth, w_in, size_in)
        case Hierarchical() as tree:
            return _tree_block(block, tree, w_in, size_in)


def _sum_block(block: Block, w_in: int, size_in: tuple[int, int]) -> Cost:
    width, unit = block.width, block.unit
    size = downsampled(size_in, block.stride)
    first = _unit(unit, w_in, width, size_in, size)
    later = _unit(unit, width, width, size, size)
    total = first + _times(later, block.depth - 1)
    if block.stride > 1 or w_in != width:
        total += _conv_norm(w_in, width, 1, size)
    return total


def _concat_block(
    block: Block, growth: int, w_in: int, size_in: tuple[int, int]
) -> Cost:
    size = downsampled(size_in, block.stride)
    units = (
        _unit(block.unit, w_in + i * growth, growth, size, size)
        for i in range(block.depth)
    )
    compress = _conv_norm(w_in + block.depth * growth, block.width, 1, size)
    return _sum(units) + compress


def _tree_block(
    block: Block, tree: Hierarchical, w_in: int, size_in: tuple[int, int]
) -> Cost:
    width, unit = block.width, block.unit
    size = downsampled(size_in, block.stride)
    first = _unit(unit, w_in, width, size_in, size)
    later = _unit(unit, width, width, size, size)
    total = first + _times(later, block.depth - 1)
    if w_in != width:
        total += _conv_norm(w_in, width, 1, size)
    # Root i closes every subtree that ends at leaf 2i + 2; each subtree but the
    # smallest carries the output of its first half to that root.
    for i in range(block.depth // 2):
        last = i == block.depth // 2 - 1
        closed = block.depth if last else 2 * i + 2
        carried = ((closed & -closed).bit_length() - 2) * width
        if last and tree.carry_input:
            carried += w_in
        total += _conv_norm(2 * width + carried, width, 1, size)
    return total


def _unit(
    unit: Unit, w_in: int, w_out: int, size_in: tuple[int, int], size: tuple[int, int]
) -> Cost:
    k = unit.kernel
    match unit:
        case Basic():
            return _conv_norm(w_in, w_out, k, size) + _conv_norm(w_out, w_out, k, size)
        case Bottleneck():
            hidden = unit.hidden(w_out)
            return (
                _conv_norm(w_in, hidden, 1, size_in)
                + _conv_norm(hidden, hidden, k, size)
                + _conv_norm(hidden, w_out, 1, size)
            )
        case Separable():
            depthwise = _conv_norm(w_in, w_in, k, size, groups=w_in)
            return depthwise + _conv_norm(w_in, w_out, 1, size)


def _conv_norm(
    w_in: int, w_out: int, kernel: int, size: tuple[int, int], groups: int = 1
) -> Cost:
    weights = w_in // groups * w_out * kernel * kernel
    return Cost(weights + 2 * w_out, weights * size[0] * size[1])


def _times(cost: Cost, n: int) -> Cost:
    return Cost(cost.params * n, cost.macs * n)


def _sum(costs: Iterable[Cost]) -> Cost:
    total = Cost(0, 0)
    for item in costs:
        total += item
    return total
