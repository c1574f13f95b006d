"""A small picture of an architecture, without words: one of hundreds on a page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil
from typing import Final

from nas.arch import Architecture
from nas.drawing.blocks import block_glyph
from nas.drawing.glyph import node
from nas.drawing.grain import THUMBNAIL
from nas.drawing.human import human
from nas.drawing.palette import AGGREGATION_COLOURS, FLOW, GREY, TRACK
from nas.drawing.shapes import (
    Path,
    Picture,
    Point,
    Shape,
    Step,
    diamond,
    joined,
    line,
    rectangle,
)
from nas.nn.cost import cost

WIDTH: Final = 240.0
MARGIN: Final = 6.0
ROOM: Final = 176.0  # for a block
SHARE: Final = 32.0
GAP: Final = 4.0
STAGE_GAP: Final = 9.0
MOST_UNITS: Final = 40  # so that pictures of deep networks are small files, too
MOST_BLOCKS: Final = 16
FIRST_BLOCKS: Final = 12  # of more blocks these are drawn, and three of the last


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A block that is drawn, and where its output is."""

    number: int
    end: Point


def thumbnail(architecture: Architecture) -> Picture:
    """Return a picture 240 wide: the blocks, and their shares of all parameters.

    Blocks are drawn as on a page, one below the other, with a rule where the
    resolution changes, what leads to a fusion, and dashes for auxiliary heads.
    """
    costs = cost(architecture)
    blocks, sizes = architecture.blocks, architecture.resolutions
    right = WIDTH - MARGIN
    each = max(4, MOST_UNITS // len(blocks))
    grain = replace(THUMBNAIL, most=min(THUMBNAIL.most, each))
    ground: list[Shape] = []
    shapes: list[Shape] = []
    drawn: list[_Drawn] = []
    y = ceil(MARGIN)
    for i in _shown(len(blocks)):
        before = drawn[-1].number + 1 if drawn else i
        if before != i:
            dots = [diamond((MARGIN + 8 + 5 * n, y + 2), 1) for n in range(3)]
            shapes.append(Path(steps=joined(dots), fill=GREY))
            y += ceil(4 + GAP)
        if drawn and sizes[before] != sizes[i + 1]:
            rule = line((MARGIN, y), (right, y))
            ground.append(Path(steps=rule, stroke=TRACK))
            y += ceil(STAGE_GAP - GAP)
        glyph = block_glyph(blocks[i], architecture.widths[i], ROOM, grain)
        _, top, _, bottom = glyph.bounds
        entry = ceil(y - top)
        glyph = glyph.moved(MARGIN, entry)
        shapes += glyph.shapes
        drawn.append(_Drawn(i, glyph.end))
        share = SHARE * costs.blocks[i].params / costs.total.params
        colour = AGGREGATION_COLOURS[blocks[i].aggregation.kind]
        ground += _bar(right - SHARE, entry - 2, SHARE, TRACK)
        shapes += _bar(right - SHARE, entry - 2, share, colour)
        y = ceil(entry + bottom + GAP)
    shapes += _fusion(architecture, drawn, right - SHARE - 8)
    shapes += _aux(architecture, drawn)
    kinds = dict.fromkeys(block.aggregation.kind for block in blocks)
    depths = " ".join(str(block.depth) for block in blocks[:MOST_BLOCKS])
    return Picture(
        width=WIDTH,
        height=round(y + MARGIN - GAP),
        shapes=tuple(_merged((*ground, *shapes))),
        title=f"{', '.join(kinds)}: {human(costs.total.params)} parameters",
        description=f"{len(blocks)} blocks, depths {depths}",
    )


def _shown(count: int) -> Iterable[int]:
    if count <= MOST_BLOCKS:
        return range(count)
    return (*range(FIRST_BLOCKS), *range(count - 3, count))


def _bar(x: float, y: float, width: float, colour: str) -> list[Shape]:
    if width == 0:
        return []
    # A small share is seen, too.
    return [Path(steps=rectangle(x, y, max(1.0, width), 4), fill=colour)]


def _fusion(
    architecture: Architecture, drawn: Sequence[_Drawn], x: float
) -> list[Shape]:
    """Return what leads from the stages to where they are fused."""
    stages = [block.end for block in drawn if block.number in architecture.stage_ends]
    if architecture.fusion == "last" or len(architecture.stage_ends) == 1:
        return []
    shapes: list[Shape] = [
        Path(steps=line(end, (x, end[1])), stroke=FLOW) for end in stages
    ]
    for i, (above, below) in enumerate(pairwise(stages), start=1):
        width = i if architecture.fusion == "concat" else 1
        way = line((x, above[1]), (x, below[1]))
        shapes.append(Path(steps=way, stroke=FLOW, width=width))
        if architecture.fusion == "hierarchical":
            shapes += node((x, below[1]), GREY, THUMBNAIL)
    return shapes


def _aux(architecture: Architecture, drawn: Sequence[_Drawn]) -> list[Shape]:
    numbers = {head.after for head in architecture.aux}
    return [
        Path(steps=line((x, y), (x, y - 6), (x + 14, y - 6)), stroke=GREY, dash=(2, 2))
        for x, y in (block.end for block in drawn if block.number in numbers)
    ]


def _merged(shapes: Iterable[Shape]) -> Iterable[Shape]:
    """Yield shapes with those that look alike in one, at the place of the first."""
    alike: dict[object, list[Path]] = {}
    for shape in shapes:
        assert isinstance(shape, Path), "there are no words"
        look = shape.fill, shape.stroke, shape.width, shape.dash
        alike.setdefault(look, []).append(shape)
    for paths in alike.values():
        steps = joined(path.steps for path in paths)
        yield replace(paths[0], steps=tuple(map(_to_halves, steps)))


def _to_halves(step: Step) -> Step:
    """Return a step between halves of pixels: sharper, and fewer digits."""
    name, points = step
    return name, tuple((round(2 * x) / 2, round(2 * y) / 2) for x, y in points)
