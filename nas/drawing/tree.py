"""A hierarchical block: a row of units, and below it the nodes that merge them."""

from dataclasses import replace
from typing import Final

from nas.arch import Block, Hierarchical
from nas.drawing.glyph import Glyph, flow, node, plus_on
from nas.drawing.grain import Grain
from nas.drawing.lettering import text_width
from nas.drawing.palette import WHITE
from nas.drawing.shapes import Path, Point, Shape, Text, joined, line
from nas.drawing.units import Row, unit_shapes

_SMALL: Final = 9.0


def tree(
    block: Block,
    hierarchical: Hierarchical,
    w_in: int,
    room: float,
    colour: str,
    grain: Grain,
) -> Glyph:
    """Return a tree of units.

    Node i, counted from 1, closes every subtree that ends at unit 2i: the lower it
    stands, the larger the largest of them. It merges the last two units and, of each
    larger subtree, the output of the first half.
    """
    leaves = 1 << (min(block.depth, grain.most).bit_length() - 1)
    together = block.depth // leaves  # subtrees that are drawn as one box
    row = _paired(leaves, room, grain)
    fine = replace(grain, node=min(grain.node, 0.4 * row.gap))
    nodes = [_place(i, row, grain) for i in range(1, leaves // 2 + 1)]
    half = grain.unit_height / 2
    boxes = [x for _, x in row.shown]
    skips, ways = [], [flow((0, 0), (boxes[0], 0), grain=grain)]
    for i, (x, y) in enumerate(nodes, start=1):
        first, second = boxes[2 * i - 2], boxes[2 * i - 1]
        right = second + row.width
        ways += [
            flow((first + row.width, 0), (second, 0), grain=grain),
            flow((right, 0), (x, 0), (x, y), grain=fine),
        ]
        if i < len(nodes):
            after = boxes[2 * i]
            up = after - 0.3 * row.gap
            ways.append(flow((x, y), (up, y), (up, 0), (after, 0), grain=fine))
        starts: list[Point] = [(first + row.width / 2, half)]
        starts += [nodes[i - (1 << m) - 1] for m in range(_level(i) - 1)]
        if i == len(nodes) and hierarchical.carry_input:
            starts.append((-0.25 * grain.gap, 0.0))
        skips += [line(at, (at[0], y), (x, y), radius=grain.bend) for at in starts]
    last = nodes[-1]
    end = last[0] + 0.9 * grain.gap, last[1]
    ways.append(flow(last, end, grain=grain))
    shapes: list[Shape] = [
        Path(steps=joined(skips), stroke=colour, width=grain.stroke),
        *ways,
    ]
    plain = replace(grain, detailed=grain.detailed and together == 1)
    shapes += unit_shapes(block, w_in, row, colour, plain)
    for centre in nodes:
        shapes += node(centre, colour, fine)
        if hierarchical.residual_root and grain.detailed:
            shapes.append(plus_on(centre, WHITE, fine))
    label = f"{together}x"
    if together > 1 and grain.detailed and text_width(label, _SMALL) < row.width:
        shapes += [_label(label, x + row.width / 2) for x in boxes]
    return Glyph(shapes=tuple(shapes), end=end)


def _label(text: str, x: float) -> Text:
    return Text(x=x, y=3.5, text=text, size=_SMALL, colour=WHITE, anchor="middle")


def _paired(leaves: int, room: float, grain: Grain) -> Row:
    """Return units in pairs, a node's room behind each pair."""
    pitch = min(grain.unit_width + grain.gap, (room - 0.4 * grain.gap) / leaves)
    width = grain.unit_width * pitch / (grain.unit_width + grain.gap)
    gap = pitch - width
    places = []
    for pair in range(leaves // 2):
        start = 2 * pitch * pair
        places += [(2 * pair, start), (2 * pair + 1, start + width + 0.5 * gap)]
    return Row(shown=tuple(places), left_out=None, width=width, pitch=pitch)


def _place(i: int, row: Row, grain: Grain) -> Point:
    """Return where node i stands: right of its last unit, as low as it is high."""
    right = row.shown[2 * i - 1][1] + row.width
    return right + 0.6 * row.gap, grain.unit_height / 2 + (
        _level(i) - 0.4
    ) * grain.level


def _level(i: int) -> int:
    """Return the levels of the largest subtree that node i closes."""
    return (i & -i).bit_length()
