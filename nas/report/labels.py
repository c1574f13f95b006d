"""Labels beside points, none over another."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

Point = tuple[float, float]

# Offsets in points of print and the alignment that goes with them. A step line leaves
# a point to the right and reaches it from below: its upper left is free.
_PLACES: Final = (
    (-4, 4, "right", "bottom"),
    (0, 6, "center", "bottom"),
    (4, -4, "left", "top"),
    (4, 4, "left", "bottom"),
    (-6, 0, "right", "center"),
)


def place_labels(
    axes: "Axes",
    labels: Iterable[tuple[str, Point]],
    *,
    others: Sequence[Point] = (),
) -> list[str]:
    """Write a text beside each point where there is room; return those written.

    The first come first: where two labels would touch, the later is left out. Points
    that have a label are those of a step line; ``others`` are points that are not to be
    covered, either. The limits and layout of the axes must be final.
    """
    from matplotlib.patheffects import withStroke

    labels = list(labels)
    gap = 3 * axes.figure.dpi / 72
    taken = _obstacles(axes, sorted(point for _, point in labels), others)
    window = axes.get_window_extent()
    written = []
    for text, point in labels:
        for dx, dy, horizontal, vertical in _PLACES:
            label = axes.annotate(
                text,
                xy=point,
                xytext=(dx, dy),
                textcoords="offset points",
                ha=horizontal,
                va=vertical,
                fontsize=8,
                color="#222222",
                path_effects=[withStroke(linewidth=2, foreground="white")],
                zorder=5,
            )
            box = label.get_window_extent()
            inside = window.x0 <= box.x0 and box.x1 <= window.x1
            inside = inside and window.y0 <= box.y0 and box.y1 <= window.y1
            if inside and not box.count_overlaps(taken):
                taken.append(box.padded(gap))
                written.append(text)
                break
            label.remove()
    return written


def _obstacles(
    axes: "Axes", points: Sequence[Point], others: Sequence[Point]
) -> "list[Bbox]":
    """Return boxes, in pixels, around the points and the steps between some of them."""
    from matplotlib.transforms import Bbox

    reach = 3 * axes.figure.dpi / 72
    pixels = axes.transData.transform(points).tolist() if points else []
    beside = axes.transData.transform(others).tolist() if others else []
    around = (Bbox.from_extents(x, y, x, y) for x, y in (*pixels, *beside))
    boxes = [box.padded(reach) for box in around]
    for (x, y), (next_x, next_y) in pairwise(pixels):
        boxes.append(Bbox.from_extents(x, y, next_x, y).padded(1))
        boxes.append(Bbox.from_extents(next_x, y, next_x, next_y).padded(1))
    return boxes
