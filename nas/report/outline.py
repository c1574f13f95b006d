"""An architecture part by part: what each does, its widths, its cost."""

from dataclasses import dataclass

from nas.arch import (
    Architecture,
    Basic,
    Block,
    Bottleneck,
    Concat,
    Hierarchical,
    Separable,
    Stem,
    Sum,
)
from nas.nn.cost import Cost, cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The stem, a block or the head of a network.

    ``resolution`` is the (height, width) of what it gives, ``share`` its part of all
    parameters, in [0, 1].
    """

    name: str
    description: str
    w_in: int
    w_out: int
    resolution: tuple[int, int]
    params: int
    macs: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A network's parts in the order data takes through them, and what they cost."""

    parts: tuple[Part, ...]
    params: int
    macs: int


def outline(architecture: Architecture) -> Outline:
    """Return an architecture's parts with the exact cost of each."""
    costs = cost(architecture)
    total = costs.total
    stem, blocks = architecture.stem, architecture.blocks
    widths = (stem.width, *(block.width for block in blocks))

    def part(
        name: str,
        description: str,
        widths: tuple[int, int],
        resolution: tuple[int, int],
        spent: Cost,
    ) -> Part:
        return Part(
            name=name,
            description=description,
            w_in=widths[0],
            w_out=widths[1],
            resolution=resolution,
            params=spent.params,
            macs=spent.macs,
            share=spent.params / total.params,
        )

    first, *sizes = architecture.resolutions
    through = (architecture.input_shape[0], stem.width)
    parts = [part("stem", describe_stem(stem), through, first, costs.stem)]
    for i, block in enumerate(blocks):
        through = (widths[i], block.width)
        text = describe_block(block)
        parts.append(part(f"block {i + 1}", text, through, sizes[i], costs.blocks[i]))
    through = (widths[-1], architecture.num_classes)
    parts.append(part("head", "average pool, linear", through, (1, 1), costs.head))
    return Outline(parts=tuple(parts), params=total.params, macs=total.macs)


def describe_stem(stem: Stem) -> str:
    """Return a stem in words: 'conv 3x3, stride 2'."""
    return f"conv {stem.kernel}x{stem.kernel}{_stride(stem.stride)}"


def describe_block(block: Block) -> str:
    """Return a block in words: 'concat of 4 x separable 5x5, growth 12'."""
    match block.aggregation:
        case Sum():
            name, detail, w_unit = "sum", "", block.width
        case Concat(growth=growth):
            name, detail, w_unit = "concat", f", growth {growth}", growth
        case Hierarchical(residual_root=residual_root, carry_input=carry_input):
            name, w_unit = "tree", block.width
            detail = ", residual nodes" if residual_root else ""
            detail += "" if carry_input else ", input not carried"
    unit = _describe_unit(block, w_unit)
    return f"{name} of {block.depth} x {unit}{detail}{_stride(block.stride)}"


def _describe_unit(block: Block, w_out: int) -> str:
    unit = block.unit
    match unit:
        case Basic() | Separable():
            return f"{unit.kind} {unit.kernel}x{unit.kernel}"
        case Bottleneck():
            hidden = unit.hidden(w_out)
            return f"{unit.kind} {unit.kernel}x{unit.kernel} ({hidden} hidden)"


def _stride(stride: int) -> str:
    return f", stride {stride}" if stride > 1 else ""
