"""What a picture is made of: paths and texts at places, x to the right and y down.

Lengths are those of SVG's user units, that is, pixels at a scale of 1.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import hypot

from nas.drawing.lettering import text_width

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right and bottom."""

Step = tuple[str, tuple[Point, ...]]
"""A step of a path as SVG has it: M, L with one point, C with three, Z with none."""

Steps = tuple[Step, ...]

_ROUND = 0.5523  # cubic curves come closest to quarters of a circle with this


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """Lines and curves, filled, stroked with a ``width``, or both."""

    steps: Steps
    fill: str | None = None
    stroke: str | None = None
    width: float = 1.0
    dash: tuple[float, float] | None = None

    @property
    def bounds(self) -> Box:
        """The box around all points, half the stroke's width included."""
        xs = [x for _, points in self.steps for x, _ in points]
        ys = [y for _, points in self.steps for _, y in points]
        edge = self.width / 2 if self.stroke else 0.0
        return min(xs) - edge, min(ys) - edge, max(xs) + edge, max(ys) + edge

    def moved(self, dx: float, dy: float) -> "Path":
        """Return the same path elsewhere."""
        return replace(
            self,
            steps=tuple(
                (name, tuple((x + dx, y + dy) for x, y in points))
                for name, points in self.steps
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A line of text on a baseline; ``anchor`` is its start, middle or end at x."""

    x: float
    y: float
    text: str
    size: float
    colour: str
    bold: bool = False
    anchor: str = "start"

    @property
    def bounds(self) -> Box:
        """A box that the text does not leave, whichever usual font shows it."""
        width = text_width(self.text, self.size, bold=self.bold)
        left = self.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor] * width
        return left, self.y - 0.8 * self.size, left + width, self.y + 0.25 * self.size

    def moved(self, dx: float, dy: float) -> "Text":
        """Return the same text elsewhere."""
        return replace(self, x=self.x + dx, y=self.y + dy)


Shape = Path | Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Shapes on a white ground of a size, the later over the earlier.

    ``title`` and ``description`` are for those who hear the picture.
    """

    width: float
    height: float
    shapes: tuple[Shape, ...]
    title: str
    description: str


def around(shapes: Iterable[Shape]) -> Box:
    """Return the box around all of some shapes."""
    lefts, tops, rights, bottoms = zip(*(s.bounds for s in shapes), strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def polygon(*corners: Point) -> Steps:
    """Return a closed outline."""
    first, *others = corners
    return (("M", (first,)), *(("L", (corner,)) for corner in others), ("Z", ()))


def line(*points: Point, radius: float = 0.0) -> Steps:
    """Return an open line, its corners rounded as far as its parts are long enough."""
    steps: list[Step] = [("M", points[:1])]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        r = min(radius, _distance(before, corner) / 2, _distance(corner, after) / 2)
        if r <= 0:
            steps.append(("L", (corner,)))
            continue
        start, end = _toward(corner, before, r), _toward(corner, after, r)
        bend = (1 - _ROUND) * r
        controls = _toward(corner, before, bend), _toward(corner, after, bend)
        steps += [("L", (start,)), ("C", (*controls, end))]
    steps.append(("L", points[-1:]))
    return tuple(steps)


def rectangle(
    x: float, y: float, width: float, height: float, radius: float = 0.0
) -> Steps:
    """Return a rectangle with its upper left corner at a point."""
    right, bottom = x + width, y + height
    r = min(radius, width / 2, height / 2)
    if r <= 0:
        return polygon((x, y), (right, y), (right, bottom), (x, bottom))
    b = (1 - _ROUND) * r
    return (
        ("M", ((x + r, y),)),
        ("L", ((right - r, y),)),
        ("C", ((right - b, y), (right, y + b), (right, y + r))),
        ("L", ((right, bottom - r),)),
        ("C", ((right, bottom - b), (right - b, bottom), (right - r, bottom))),
        ("L", ((x + r, bottom),)),
        ("C", ((x + b, bottom), (x, bottom - b), (x, bottom - r))),
        ("L", ((x, y + r),)),
        ("C", ((x, y + b), (x + b, y), (x + r, y))),
        ("Z", ()),
    )


def circle(centre: Point, radius: float) -> Steps:
    """Return a circle."""
    x, y = centre
    return rectangle(x - radius, y - radius, 2 * radius, 2 * radius, radius)


def diamond(centre: Point, radius: float) -> Steps:
    """Return a square that stands on a corner."""
    x, y = centre
    return polygon((x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y))


def joined(outlines: Iterable[Steps]) -> Steps:
    """Return several outlines as one."""
    return tuple(step for outline in outlines for step in outline)


def _distance(one: Point, other: Point) -> float:
    return hypot(other[0] - one[0], other[1] - one[1])


def _toward(start: Point, goal: Point, distance: float) -> Point:
    part = distance / _distance(start, goal)
    return (
        start[0] + (goal[0] - start[0]) * part,
        start[1] + (goal[1] - start[1]) * part,
    )
