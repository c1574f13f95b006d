"""A picture as PNG: the same shapes, drawn by matplotlib."""

import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from nas.drawing.shapes import Path, Picture, Step, Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.transforms import Transform

_MOST_PIXELS: Final = 40_000_000
_MOST_SIDE: Final = 32_000  # browsers and matplotlib give up not far above
_ALIGN: Final = {"start": "left", "middle": "center", "end": "right"}


def png(picture: Picture, scale: float = 2.0) -> bytes:
    """Return a picture as the bytes of a PNG file.

    Args:
        picture: to draw.
        scale: pixels for each of its units; fewer where it is very large.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.transforms import Affine2D

    scale = min(
        scale,
        (_MOST_PIXELS / picture.width / picture.height) ** 0.5,
        _MOST_SIDE / max(picture.width, picture.height),
    )
    # A point of print is a 72nd of an inch: at this resolution it is one of our units.
    inches = picture.width / 72, picture.height / 72
    figure = Figure(figsize=inches, dpi=72 * scale, facecolor="white")
    FigureCanvasAgg(figure)
    place = Affine2D().scale(scale, -scale).translate(0, picture.height * scale)
    for order, shape in enumerate(picture.shapes):
        if isinstance(shape, Text):
            _write(figure, shape, place, order)
        else:
            _trace(figure, shape, place, order)
    file = BytesIO()
    with warnings.catch_warnings():
        # A name may be in letters that the font does not have.
        warnings.simplefilter("ignore", UserWarning)
        figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def _write(figure: "Figure", text: Text, place: "Transform", order: int) -> None:
    figure.text(
        text.x,
        text.y,
        text.text,
        transform=place,
        fontsize=text.size,
        fontweight="bold" if text.bold else "normal",
        fontfamily="DejaVu Sans",  # comes with matplotlib
        color=text.colour,
        ha=_ALIGN[text.anchor],
        va="baseline",
        parse_math=False,  # a dollar sign in a name is no formula
        zorder=order,
    )


def _trace(figure: "Figure", path: Path, place: "Transform", order: int) -> None:
    from matplotlib.patches import PathPatch

    style: dict[str, Any] = {"facecolor": path.fill or "none", "edgecolor": "none"}
    if path.stroke is not None:
        style |= {"edgecolor": path.stroke, "linewidth": path.width}
        style |= {"capstyle": "butt", "joinstyle": "miter"}
    if path.dash is not None:
        # Matplotlib counts dashes in widths of the line.
        dash = tuple(length / path.width for length in path.dash)
        style["linestyle"] = (0, dash)
    patch = PathPatch(_outline(path.steps), transform=place, zorder=order, **style)
    figure.add_artist(patch)


def _outline(steps: tuple[Step, ...]) -> Any:
    from matplotlib.path import Path as Outline

    codes = {"M": Outline.MOVETO, "L": Outline.LINETO, "C": Outline.CURVE4}
    vertices, kinds = [], []
    for name, points in steps:
        if name == "Z":
            vertices.append((0.0, 0.0))  # not looked at
            kinds.append(Outline.CLOSEPOLY)
            continue
        vertices += points
        kinds += [codes[name]] * len(points)
    return Outline(vertices, kinds)
