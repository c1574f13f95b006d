"""A block's units as boxes in a row, with their layers inside."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, assert_never

from nas.arch import (
    Basic,
    Block,
    Bottleneck,
    Conv,
    CustomUnit,
    Inception,
    Inverted,
    PreactBasic,
    PreactBottleneck,
    Separable,
    Unit,
)
from nas.drawing.grain import Grain
from nas.drawing.palette import tint
from nas.drawing.shapes import Path, Shape, Steps, diamond, joined, rectangle

Bar = tuple[float, float, float, float]
"""Left, top, width and height in a box of 1 x 1."""

_LEAST: Final = 0.16  # of a box: a layer of few channels is seen, too
_DOTS: Final = 4  # a depthwise layer is a dotted bar


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Where the units of a block stand: their middles lie on y = 0.

    ``shown`` pairs the number of a unit with the x of its box's left side; where units
    are left out, ``left_out`` is the span without them.
    """

    shown: tuple[tuple[int, float], ...]
    left_out: tuple[float, float] | None
    width: float
    pitch: float

    @property
    def gap(self) -> float:
        """The distance from a box to the next."""
        return self.pitch - self.width


def row_of(depth: int, room: float, grain: Grain, start: float = 0.0) -> Row:
    """Return the places of a row of units in a room, the last one's gap included."""
    numbers: list[int | None] = list(range(depth))
    if depth > grain.most:
        numbers[grain.most - 2 : -1] = [None]
    pitch = min(grain.unit_width + grain.gap, room / len(numbers))
    width = grain.unit_width * pitch / (grain.unit_width + grain.gap)
    places = [(n, start + i * pitch) for i, n in enumerate(numbers)]
    gaps = [x for n, x in places if n is None]
    return Row(
        shown=tuple((n, x) for n, x in places if n is not None),
        left_out=(gaps[0], gaps[0] + width) if gaps else None,
        width=width,
        pitch=pitch,
    )


def unit_shapes(
    block: Block, w_in: int, row: Row, colour: str, grain: Grain
) -> tuple[Shape, ...]:
    """Return the boxes of a row of units, and dots for those left out."""
    height = grain.unit_height
    boxes: list[Steps] = []
    for _, x in row.shown:
        box = (x, -height / 2, row.width, height)
        boxes.append(rectangle(*box, radius=min(grain.radius, row.width / 4)))
    shapes: list[Shape] = [
        Path(
            steps=joined(boxes),
            fill=tint(colour, 0.14) if grain.detailed else colour,
            stroke=colour if grain.detailed else None,
            width=grain.stroke,
        )
    ]
    if grain.detailed:
        widths = block.unit_widths(w_in)
        inside = [
            rectangle(
                x + row.width * (0.14 + 0.72 * left),
                height * (-0.5 + 0.14 + 0.72 * top),
                row.width * 0.72 * width,
                height * 0.72 * tall,
            )
            for n, x in row.shown
            for left, top, width, tall in bars(block.unit, *widths[n])
        ]
        if inside:
            shapes.append(Path(steps=joined(inside), fill=colour))
    if row.left_out is not None:
        left, right = row.left_out
        dots = [
            diamond((left + (right - left) * part, 0), 1.6 * grain.stroke)
            for part in (0.15, 0.5, 0.85)
        ]
        shapes.append(Path(steps=joined(dots), fill=colour))
    return tuple(shapes)


def bars(unit: Unit, w_in: int, w_out: int) -> tuple[Bar, ...]:
    """Return a unit's layers as bars, each as high as its output is wide.

    Those of an inception unit lie in four rows, the branches, that share the height.
    """
    if isinstance(unit, CustomUnit):
        return ()
    if isinstance(unit, Inception):
        return tuple(_branches(unit, w_in, w_out))
    layers = _layers(unit, w_in, w_out)
    widest = max(width for width, _ in layers)
    count = len(layers)
    bar = 1 / (count + 0.5 * (count - 1)) if count > 1 else 0.4
    drawn: list[Bar] = []
    for i, (width, depthwise) in enumerate(layers):
        tall = max(_LEAST, width / widest)
        left = 1.5 * bar * i if count > 1 else 0.3
        top = (1 - tall) / 2
        if not depthwise:
            drawn.append((left, top, bar, tall))
            continue
        dot = tall / (2 * _DOTS - 1)
        drawn += [(left, top + 2 * dot * n, bar, dot) for n in range(_DOTS)]
    return tuple(drawn)


def _layers(
    unit: Conv
    | Basic
    | PreactBasic
    | Bottleneck
    | PreactBottleneck
    | Separable
    | Inverted,
    w_in: int,
    w_out: int,
) -> tuple[tuple[int, bool], ...]:
    """Return the output width of each convolution, and whether it is depthwise."""
    hidden = unit.derived(w_in, w_out).get("hidden", w_out)
    match unit:
        case Conv():
            return ((w_out, False),)
        case Basic() | PreactBasic():
            return ((w_out, False), (w_out, False))
        case Bottleneck():
            return ((hidden, False), (hidden, False), (w_out, False))
        case PreactBottleneck():
            return ((hidden, False), (w_out, False))
        case Separable():
            return ((w_in, True), (w_out, False))
        case Inverted():
            first = () if hidden == w_in else ((hidden, False),)
            return (*first, (hidden, True), (w_out, False))
        case _:
            assert_never(unit)


def _branches(unit: Inception, w_in: int, w_out: int) -> Iterator[Bar]:
    widths = unit.derived(w_in, w_out)
    rows = (
        ((0.3, 0.4, "conv1"),),
        ((0.0, 0.4, "reduce3"), (0.6, 0.4, "conv3")),
        ((0.0, 0.4, "reducek"), (0.6, 0.4, "convk")),
        ((0.3, 0.4, "pool"),),
    )
    tall = 1 / (len(rows) + 0.6 * (len(rows) - 1))
    for i, row in enumerate(rows):
        widest = max(widths[name] for _, _, name in row)
        for left, width, name in row:
            part = tall * max(0.35, widths[name] / widest)
            yield left, 1.6 * tall * i + (tall - part) / 2, width, part
