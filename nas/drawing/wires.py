"""The way of data between the rows of a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from nas.arch import Architecture
from nas.drawing.glyph import Glyph, flow, node
from nas.drawing.grain import PAGE
from nas.drawing.palette import FLOW, GREY, INK, tint
from nas.drawing.shapes import Path, Point, Shape, Text, line, polygon, rectangle

_BEND: Final = 7.0
_BAND: Final = 2.5  # a fusing concatenation gets this much wider with every stage
_WIDEST: Final = 15.0
_BEFORE: Final = 12.0  # a drawing: the way comes down there
_UP: Final = 13.0  # boxes of auxiliary heads stand above the way


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a row's drawing is entered and left, and the row's upper and lower end."""

    enter: Point
    leave: Point
    top: float
    bottom: float


def wires(
    architecture: Architecture,
    places: Sequence[Place],
    chips: Mapping[int, Glyph],
    left: float,
    right: float,
) -> list[Shape]:
    """Return what leads from row to row, stage to fusion and block to auxiliary head.

    ``places`` are those of the stem, the blocks, the fusion if there is one, and the
    head.
    """
    shapes: list[Shape] = []
    fused = len(places) == len(architecture.blocks) + 3
    last = len(architecture.blocks)
    for i, (place, after) in enumerate(pairwise(places)):
        if fused and i == last:
            continue  # the fusion has it
        shapes += _down(place, after, left)
    if fused:
        stages = [places[end + 1] for end in architecture.stage_ends]
        shapes += _bus(architecture.fusion, stages, places[last + 1], left, right - 12)
    for block, chip in chips.items():
        leave = places[block + 1].leave
        start = right - chip.end[0] - (40 if fused else 4)
        at = start, leave[1] - _UP
        dashed = line(leave, (leave[0] + 12, leave[1]), (leave[0] + 12, at[1]), at)
        shapes.append(Path(steps=dashed, stroke=GREY, width=1.0, dash=(3.0, 2.5)))
        shapes += chip.moved(*at).shapes
    head = places[-1]
    shapes.append(arrow((head.leave[0] + 4, head.leave[1])))
    shapes.append(
        Text(
            x=head.leave[0] + 11,
            y=head.leave[1] + 4,
            text=f"{architecture.num_classes:,} classes",
            size=11,
            colour=GREY,
        )
    )
    return shapes


def _down(place: Place, after: Place, left: float) -> list[Shape]:
    """Return the way from the end of a row to the start of the next."""
    out, gap = place.leave[0] + 8, (place.bottom + after.top) / 2
    # Data enter where the drawing begins, from the left.
    begin = left - _BEFORE
    points = (
        place.leave,
        (out, place.leave[1]),
        (out, gap),
        (begin, gap),
        (begin, after.enter[1]),
        after.enter,
    )
    steps = line(*points, radius=_BEND)
    return [
        Path(steps=steps, stroke=FLOW, width=PAGE.stroke),
        arrow((after.enter[0] + 6, after.enter[1])),
    ]


def arrow(tip: Point) -> Path:
    """Return an arrow's head that points to the right."""
    x, y = tip
    return Path(steps=polygon((x - 7, y - 3.5), (x, y), (x - 7, y + 3.5)), fill=FLOW)


def _bus(
    fusion: str, stages: Sequence[Place], goal: Place, left: float, x: float
) -> list[Shape]:
    """Return what brings the outputs of all stages to the fusion."""
    first = stages[0].leave
    gap = (stages[-1].bottom + goal.top) / 2
    begin = left - _BEFORE
    corners = (x, first[1]), (x, gap), (begin, gap), (begin, goal.enter[1])
    shapes: list[Shape] = [flow(first, *corners, goal.enter, grain=PAGE)]
    shapes += [flow(p.leave, (x, p.leave[1]), grain=PAGE) for p in stages[1:]]
    ends = [place.leave[1] for place in stages] + [gap + PAGE.stroke / 2]
    for i, (y, end) in enumerate(pairwise(ends)):
        if fusion == "concat":
            width = min(_BAND, _WIDEST / len(stages)) * (i + 1)
            # The first stage's way bends into the band.
            start = y if i else y + _BEND
            band = rectangle(x - width / 2, start, width, end - start)
            shapes.append(Path(steps=band, fill=tint(INK, 0.3)))
        elif i > 0:
            shapes += node((x, y), tint(INK, 0.62), PAGE)
    shapes.append(arrow((goal.enter[0] + 6, goal.enter[1])))
    return shapes
