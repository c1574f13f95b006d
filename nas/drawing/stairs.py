"""A concat block: a band that widens by what every unit adds to it."""

from typing import Final

from nas.arch import Block, Concat
from nas.drawing.glyph import Glyph, flow
from nas.drawing.grain import Grain
from nas.drawing.palette import tint
from nas.drawing.shapes import Path, Point, Shape, joined, line, polygon
from nas.drawing.units import row_of, unit_shapes

_LEAST: Final = 2.0  # a band of few channels is seen, too
_SEAM: Final = 2.5  # slices that are thinner have no line between them


def stairs(
    block: Block, concat: Concat, w_in: int, room: float, colour: str, grain: Grain
) -> Glyph:
    """Return units that read all of a band's channels and add ``growth`` to them.

    The band is as high as it has channels, those of the input darkest; what narrows
    it, at last, is the 1 x 1 convolution that compresses.
    """
    grown = w_in + block.depth * concat.growth
    scale = grain.band / max(grown, block.width)

    def height(channels: int) -> float:
        return max(_LEAST, channels * scale)

    squeeze = 0.55 * grain.unit_height if concat.compress else 0.0
    row = row_of(
        block.depth,
        room - squeeze - 0.8 * grain.gap,
        grain,
        start=0.45 * grain.gap,
    )
    top = -height(w_in) / 2
    # Units stand above the band, with room for what leads there and back.
    middle = top - 0.45 * grain.arc - grain.unit_height / 2
    right = row.shown[-1][1] + row.width + 0.55 * row.gap
    wires, below, seams = [], [(0.0, top + height(w_in))], []
    for n, x in row.shown:
        begin, back = x - 0.3 * row.gap, x + row.width + 0.3 * row.gap
        wires += [
            line((begin, top), (begin, middle), (x, middle), radius=grain.bend),
            line(
                (x + row.width, middle), (back, middle), (back, top), radius=grain.bend
            ),
        ]
        before = top + height(w_in + n * concat.growth)
        after = top + height(w_in + (n + 1) * concat.growth)
        if below[-1][1] < before:  # the first unit behind those left out
            below.append((begin, before))
        below += [(back - 0.15 * row.gap, before), (back, after)]
        if after - before >= _SEAM:
            seams.append(line((back, before), (right, before)))
    base = top + height(w_in)
    band: list[Point] = [(0.0, top), (right, top), (right, below[-1][1])]
    shapes: list[Shape] = [
        Path(steps=polygon(*band, *reversed(below)), fill=tint(colour, 0.35)),
        Path(
            steps=polygon((0, top), (right, top), (right, base), (0, base)),
            fill=tint(colour, 0.6),
        ),
    ]
    if seams and grain.detailed:
        shapes.append(Path(steps=joined(seams), stroke="#ffffff", width=0.8))
    shapes.append(Path(steps=joined(wires), stroke=colour, width=grain.stroke))
    shapes += [
        shape.moved(0, middle) for shape in unit_shapes(block, w_in, row, colour, grain)
    ]
    if concat.compress:
        narrow = height(block.width)
        shapes.append(
            Path(
                steps=polygon(
                    (right, top),
                    (right + squeeze, top),
                    (right + squeeze, top + narrow),
                    (right, below[-1][1]),
                ),
                fill=colour,
            )
        )
        right += squeeze
    out = top + height(block.width) / 2
    end = right + 0.4 * grain.gap, out
    shapes.insert(0, flow((right, out), end, grain=grain))
    return Glyph(shapes=tuple(shapes), end=end)
