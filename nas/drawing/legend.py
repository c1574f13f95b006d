"""What the signs of a picture mean, as far as it has them."""

from collections.abc import Iterator
from dataclasses import dataclass

from nas.arch import (
    Architecture,
    Block,
    Concat,
    CustomAggregation,
    Hierarchical,
    Inverted,
    Separable,
    Sum,
)
from nas.drawing.glyph import node
from nas.drawing.grain import PAGE
from nas.drawing.lettering import text_width
from nas.drawing.palette import AGGREGATION_COLOURS, GREY, INK, WHITE, tint
from nas.drawing.shapes import Path, Shape, Text, joined, polygon, rectangle

_SIZE = 10.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """Signs with their meaning, and the y below them."""

    shapes: tuple[Shape, ...]
    bottom: float


def legend(architecture: Architecture, left: float, right: float, y: float) -> Legend:
    """Return the signs that an architecture's picture has, in lines between two x."""
    shapes: list[Shape] = []
    x = left + 14
    start = x
    for sign, width, meaning in _signs(architecture):
        length = width + 6 + text_width(meaning, _SIZE)
        if x > start and x + length > right:
            x, y = start, y + 18
        shapes += [shape.moved(x, y + 6) for shape in sign]
        shapes.append(
            Text(x=x + width + 6, y=y + 9.7, text=meaning, size=_SIZE, colour=GREY)
        )
        x += length + 20
    return Legend(shapes=tuple(shapes), bottom=y + 14)


def _signs(architecture: Architecture) -> Iterator[tuple[list[Path], float, str]]:
    """Yield each sign around y = 0 from x = 0 on, its width and its meaning."""
    blocks = architecture.blocks
    kinds = {type(block.aggregation) for block in blocks}
    bars = [rectangle(i * 5, -h / 2, 3.4, h) for i, h in enumerate((6, 6, 12))]
    meaning = "layers of a unit, as tall as they have channels"
    if any(isinstance(block.unit, Separable | Inverted) for block in blocks):
        meaning += "; dotted: depthwise"
    yield [Path(steps=joined(bars), fill=tint(INK, 0.62))], 14, meaning
    if Sum in kinds:
        colour = AGGREGATION_COLOURS["sum"]
        yield list(node((7, 0), colour, PAGE, plus=True)), 14, "sum"
    if Concat in kinds:
        colour = AGGREGATION_COLOURS["concat"]
        whole = (0, -6), (22, -6), (22, 6), (15, 6), (15, 2), (7, 2), (7, -2), (0, -2)
        band = Path(steps=polygon(*whole), fill=tint(colour, 0.35))
        own = Path(steps=rectangle(0, -6, 22, 4), fill=tint(colour, 0.6))
        yield [band, own], 22, "concatenation"
    if Hierarchical in kinds:
        colour = AGGREGATION_COLOURS["hierarchical"]
        yield list(node((7, 0), colour, PAGE)), 14, "concatenation, 1x1 convolution"
    if any(map(_is_fitted, blocks, architecture.widths)):
        fitted = rectangle(0, -4, 9, 8, 1.5)
        yield [Path(steps=fitted, fill=tint(INK, 0.62))], 9, "1x1 convolution"
    if CustomAggregation in kinds:
        colour = AGGREGATION_COLOURS["custom"]
        frame = rectangle(0, -6, 20, 12, 3)
        dashed = Path(steps=frame, stroke=colour, width=1.4, dash=(4, 3))
        yield [dashed], 20, "a plugin's own"
    funnel = polygon((0, -8), (10, -4), (10, 4), (0, 8))
    if any(b.stride > 1 and not isinstance(b.aggregation, Concat) for b in blocks):
        yield [Path(steps=funnel, fill=WHITE, stroke=GREY)], 11, "stride"
    yield [Path(steps=funnel, fill=tint(GREY, 0.55), stroke=GREY)], 11, "pooling"


def _is_fitted(block: Block, w_in: int) -> bool:
    """Tell whether a block has a 1 x 1 convolution that is drawn as a solid shape."""
    match block.aggregation:
        case Sum(shortcut="conv"):
            return block.stride > 1 or w_in != block.width
        case Concat(compress=compress):
            return compress
        case _:
            return False
