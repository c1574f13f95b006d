"""What a picture shows, found out from its shapes or its SVG."""

import re
from collections.abc import Iterator
from itertools import pairwise

from nas.drawing.shapes import Box, Path, Picture, Point, Step, Text

Segment = tuple[Point, Point]


def texts(picture: Picture) -> list[Text]:
    return [shape for shape in picture.shapes if isinstance(shape, Text)]


def paths(picture: Picture) -> list[Path]:
    return [shape for shape in picture.shapes if isinstance(shape, Path)]


def words(picture: Picture) -> str:
    return "\n".join(text.text for text in texts(picture))


def touch(one: Box, other: Box) -> bool:
    (l1, t1, r1, b1), (l2, t2, r2, b2) = one, other
    return l1 < r2 and l2 < r1 and t1 < b2 and t2 < b1


def outlines(path: Path) -> list[list[Step]]:
    """The parts of a path, each from its M on."""
    parts: list[list[Step]] = []
    for step in path.steps:
        if step[0] == "M":
            parts.append([])
        parts[-1].append(step)
    return parts


def segments(path: Path) -> Iterator[Segment]:
    """The lines of a path, a curve being one from start to end."""
    for part in outlines(path):
        corners = [points[-1] for _, points in part if points]
        yield from pairwise(corners)
        if part[-1][0] == "Z":
            yield corners[-1], corners[0]


def crosses(segment: Segment, box: Box) -> bool:
    """Tell whether a line, level or upright or nearly so, gets into a box."""
    (x1, y1), (x2, y2) = segment
    least = 1e-6  # a line has no width
    right, bottom = max(x1, x2) + least, max(y1, y2) + least
    return touch((min(x1, x2), min(y1, y2), right, bottom), box)


def read_data(data: str) -> list[tuple[str, list[Point]]]:
    """Read the data of an SVG path into absolute steps; it knows only relative ones."""
    steps: list[tuple[str, list[Point]]] = []
    x = y = 0.0
    start = (0.0, 0.0)
    for command, rest in re.findall(r"([mlhvczMLHVCZ])([^a-zA-Z]*)", data):
        assert command.islower()
        numbers = [float(n) for n in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", rest)]
        if command == "z":
            steps.append(("Z", []))
            x, y = start
            continue
        if command in "hv":
            for n in numbers:
                x, y = (x + n, y) if command == "h" else (x, y + n)
                steps.append(("L", [(x, y)]))
            continue
        size = 6 if command == "c" else 2
        assert numbers
        assert len(numbers) % size == 0
        for i in range(0, len(numbers), size):
            some = numbers[i : i + size]
            points = [(x + some[k], y + some[k + 1]) for k in range(0, size, 2)]
            x, y = points[-1]
            steps.append((command.upper(), points))
            if command == "m":
                start = (x, y)
    return steps
