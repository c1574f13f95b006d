"""A part of a network as a drawing of its own, which data enters at (0, 0)."""

from dataclasses import dataclass

from nas.drawing.grain import Grain
from nas.drawing.palette import FLOW, GREY, WHITE, tint
from nas.drawing.shapes import (
    Box,
    Path,
    Point,
    Shape,
    Text,
    around,
    circle,
    diamond,
    line,
    polygon,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyph:
    """Shapes around the way that data takes, from (0, 0) to ``end``."""

    shapes: tuple[Shape, ...]
    end: Point

    @property
    def bounds(self) -> Box:
        """The box around it, both ends of the way included."""
        ends = Path(steps=line((0, 0), self.end))
        return around((*self.shapes, ends))

    def moved(self, dx: float, dy: float) -> "Glyph":
        """Return the same drawing elsewhere."""
        return Glyph(
            shapes=tuple(shape.moved(dx, dy) for shape in self.shapes),
            end=(self.end[0] + dx, self.end[1] + dy),
        )


def flow(*points: Point, grain: Grain) -> Path:
    """Return a line that data flow along."""
    steps = line(*points, radius=grain.bend)
    return Path(steps=steps, stroke=FLOW, width=grain.stroke)


def node(centre: Point, colour: str, grain: Grain, *, plus: bool = False) -> list[Path]:
    """Return what merges: an adding plus in a ring, or a 1 x 1 convolution's disc.

    Where things are too small for that it is a diamond.
    """
    if not grain.detailed:
        return [Path(steps=diamond(centre, grain.node), fill=colour)]
    ring = circle(centre, grain.node)
    if not plus:
        return [Path(steps=ring, fill=colour)]
    return [
        Path(steps=ring, fill=WHITE, stroke=colour, width=grain.stroke),
        plus_on(centre, colour, grain),
    ]


def plus_on(centre: Point, colour: str, grain: Grain) -> Path:
    """Return a plus to lie on a node, which adds then, too."""
    x, y = centre
    arm = 0.6 * grain.node
    cross = (*line((x - arm, y), (x + arm, y)), *line((x, y - arm), (x, y + arm)))
    return Path(steps=cross, stroke=colour, width=grain.stroke)


def funnel(x: float, stride: int, grain: Grain, *, pool: bool) -> list[Shape]:
    """Return what stands for a lower resolution from x on; a pool is filled."""
    width, height = funnel_width(grain), 0.75 * grain.unit_height
    shape = polygon(
        (x, -height / 2),
        (x + width, -height / 4),
        (x + width, height / 4),
        (x, height / 2),
    )
    if not grain.detailed:
        return [Path(steps=shape, fill=GREY)]
    fill = tint(GREY, 0.55) if pool else WHITE
    shapes: list[Shape] = [
        Path(steps=shape, fill=fill, stroke=GREY, width=0.8 * grain.stroke)
    ]
    if stride > 1:
        shapes.append(stride_label(stride, x + width / 2, -height / 2))
    return shapes


def stride_label(stride: int, x: float, top: float) -> Text:
    """Return by how much a resolution is divided, above something."""
    return Text(
        x=x, y=top - 3, text=f"/{stride}", size=10, colour=GREY, anchor="middle"
    )


def funnel_width(grain: Grain) -> float:
    """Return how wide a funnel is."""
    return 0.45 * grain.unit_height
