"""A block as a drawing: its units, and around them how they are aggregated."""

from dataclasses import replace
from typing import assert_never

from nas.arch import (
    Block,
    Chain,
    Concat,
    CustomAggregation,
    Hierarchical,
    Sum,
)
from nas.drawing.glyph import Glyph, flow, funnel, funnel_width, node
from nas.drawing.grain import Grain
from nas.drawing.palette import AGGREGATION_COLOURS
from nas.drawing.shapes import Path, Shape, joined, line, rectangle
from nas.drawing.stairs import stairs
from nas.drawing.tree import tree
from nas.drawing.units import Row, row_of, unit_shapes

_CUSTOM_DASH = (4.0, 3.0)


def block_glyph(block: Block, w_in: int, room: float, grain: Grain) -> Glyph:
    """Return a block that gets ``w_in`` channels, at most ``room`` wide.

    A funnel ahead of it all is its pool, or its stride.
    """
    colour = AGGREGATION_COLOURS[block.aggregation.kind]
    opening: list[Shape] = []
    start = lead = 0.7 * grain.gap
    stride = block.pool.stride if block.pool else block.stride
    if block.pool or stride > 1:
        # A concat block lowers the resolution by average pooling.
        pool = bool(block.pool) or isinstance(block.aggregation, Concat)
        opening = funnel(start, stride, grain, pool=pool)
        start += funnel_width(grain)
        lead = 0.5 * grain.gap
    room -= start + lead
    match block.aggregation:
        case Chain():
            drawn = _chain(block, w_in, room, colour, grain)
        case Sum():
            drawn = _sum(block, w_in, room, colour, grain)
        case Concat() as concat:
            drawn = stairs(block, concat, w_in, room, colour, grain)
        case Hierarchical() as hierarchical:
            drawn = tree(block, hierarchical, w_in, room, colour, grain)
        case CustomAggregation():
            drawn = _custom(block, w_in, room, colour, grain)
        case _:
            assert_never(block.aggregation)
    drawn = drawn.moved(start + lead, 0)
    way = flow((0, 0), (start + lead, 0), grain=grain)
    return replace(drawn, shapes=(way, *opening, *drawn.shapes))


def _chain(block: Block, w_in: int, room: float, colour: str, grain: Grain) -> Glyph:
    row = row_of(block.depth, room, grain)
    end = _right(row) + row.gap / 2, 0.0
    return Glyph(
        shapes=(
            flow((0, 0), end, grain=grain),
            *unit_shapes(block, w_in, row, colour, grain),
        ),
        end=end,
    )


def _sum(block: Block, w_in: int, room: float, colour: str, grain: Grain) -> Glyph:
    row = row_of(block.depth, room, grain)
    fine = replace(grain, node=min(grain.node, 0.27 * row.gap))
    changed = block.stride > 1 or w_in != block.width
    assert isinstance(block.aggregation, Sum), "drawn as the sum that it is"
    top = -grain.unit_height / 2 - 0.6 * grain.arc
    arcs, merges, padded = [], [], []
    for n, x in row.shown:
        leave, add = x - 0.22 * row.gap, x + row.width + 0.4 * row.gap
        corners = (leave, 0), (leave, top), (add, top), (add, 0)
        arc = line(*corners, radius=2 * grain.bend)
        if n == 0 and changed and block.aggregation.shortcut == "pad":
            padded.append(arc)
        else:
            arcs.append(arc)
        merges += node((add, 0), colour, fine, plus=True)
    end = _right(row) + 0.9 * row.gap, 0.0
    shapes: list[Shape] = [flow((0, 0), end, grain=grain)]
    if arcs:
        shapes.append(Path(steps=joined(arcs), stroke=colour, width=grain.stroke))
    if padded:
        dotted = Path(
            steps=joined(padded), stroke=colour, width=grain.stroke, dash=(2.0, 2.5)
        )
        shapes.append(dotted)
    shapes += [*unit_shapes(block, w_in, row, colour, grain), *merges]
    if changed and block.aggregation.shortcut == "conv" and grain.detailed:
        width, height = min(9.0, 0.5 * row.width), 7.0
        x = row.shown[0][1] + row.width / 2 - width / 2
        fitted = rectangle(x, top - height / 2, width, height, radius=1.5)
        shapes.append(Path(steps=fitted, fill=colour))
    return Glyph(shapes=tuple(shapes), end=end)


def _custom(block: Block, w_in: int, room: float, colour: str, grain: Grain) -> Glyph:
    """Return units in a frame: how a plugin joins them, nobody but it knows."""
    row = row_of(block.depth, room - grain.gap, grain, start=0.5 * grain.gap)
    left, right = 0.1 * grain.gap, _right(row) + 0.4 * grain.gap
    margin = 0.3 * grain.unit_height
    height = grain.unit_height + 2 * margin
    frame = rectangle(left, -height / 2, right - left, height, grain.radius)
    end = right + 0.5 * grain.gap, 0.0
    return Glyph(
        shapes=(
            flow((0, 0), (left, 0), grain=grain),
            flow((right, 0), end, grain=grain),
            Path(steps=frame, stroke=colour, width=grain.stroke, dash=_CUSTOM_DASH),
            *unit_shapes(block, w_in, row, colour, grain),
        ),
        end=end,
    )


def _right(row: Row) -> float:
    return row.shown[-1][1] + row.width
