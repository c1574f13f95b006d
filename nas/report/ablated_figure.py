"""The picture of an ablation: what other aggregations cost, block by block."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nas.drawing import compact
from nas.drawing.palette import AGGREGATION_COLOURS, INK
from nas.errors import counted, printable
from nas.report.ablated import Ablation, Switched

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS: Final = {"sum": "o", "concat": "s", "tree": "^"}
"""They tell aggregations apart in print; the colours are those of all pictures."""

_KINDS: Final = {"tree": "hierarchical"}
_ROW: Final = 0.27
"""Inches for each variant."""


def draw_ablation(found: Ablation, path: Path, *, title: str) -> None:
    """Draw an ablation as a PNG 1500 pixels wide, a row for each variant.

    A mark is a difference of accuracies from the trial itself, in points, its bar the
    interval; marks are filled where the two can be told apart.

    Args:
        found: there is a difference in it.
        path: of the picture.
        title: stands over it.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    groups = [
        (block, list(several))
        for block, several in groupby(found.switched, key=lambda one: one.block)
    ]
    places: list[tuple[float, Switched]] = []
    heads: list[tuple[float, str]] = []
    y = 0.0
    for block, several in groups:
        heads.append((y, _head(found, block)))
        places += [(y + 1 + i, one) for i, one in enumerate(several)]
        y += len(several) + 1.4
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)
    size = (7.5, 1.35 + _ROW * y)
    figure = Figure(figsize=size, dpi=200, layout=layout)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(
        _title(found, title),
        loc="left",
        fontsize=11,
        color=INK,
        pad=10,
        wrap=True,
        parse_math=False,
    )
    axes.axvline(0, color=INK, lw=1, zorder=2)
    for place, one in places:
        _mark(axes, place, one)
    _scale(axes, places, heads, found, y)
    figure.savefig(path, format="png")


def _mark(axes: "Axes", place: float, one: Switched) -> None:
    found = one.versus
    if found.difference is None:
        return
    kind = _KINDS.get(one.now, one.now)
    colour = AGGREGATION_COLOURS.get(kind, AGGREGATION_COLOURS["custom"])
    at = 100 * found.difference
    if found.low is not None and found.high is not None:
        low, high = 100 * found.low, 100 * found.high
        axes.plot([low, high], [place, place], color=colour, lw=1.6, zorder=3)
        for end in (low, high):
            axes.plot(
                [end, end], [place - 0.2, place + 0.2], color=colour, lw=1.6, zorder=3
            )
    axes.plot(
        [at],
        [place],
        marker=MARKERS.get(one.now, "D"),
        color=colour,
        markersize=7,
        markerfacecolor=colour if found.apart else "white",
        markeredgecolor=colour,
        markeredgewidth=1.4,
        linestyle="",
        zorder=4,
    )


def _scale(
    axes: "Axes",
    places: Sequence[tuple[float, Switched]],
    heads: Sequence[tuple[float, str]],
    found: Ablation,
    end: float,
) -> None:
    from matplotlib.ticker import FuncFormatter

    axes.set_ylim(end - 0.6, -0.8)
    axes.set_yticks([place for place, _ in places], [_words(one) for _, one in places])
    axes.tick_params(axis="y", length=0, labelsize=9)
    for place, text in heads:
        axes.text(
            0,
            place,
            text,
            transform=axes.get_yaxis_transform(),
            fontsize=9,
            fontweight="bold",
            color=INK,
            va="center",
            ha="left",
            parse_math=False,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
            zorder=5,
        )
    low, high = axes.get_xlim()
    # A scale of a hundredth of a point would make mountains of nothing.
    margin = max(0.0, (0.2 - (high - low)) / 2)
    axes.set_xlim(low - margin, high + margin)
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda x, _: f"{x:+.6g}" if x else "0")
    )
    label = f"test {found.kind} less that of the trial, in points"
    if found.are_intervals:
        label += "\n95 % intervals that hold all at once; filled marks are told apart"
    axes.set_xlabel(label)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _head(found: Ablation, block: int | None) -> str:
    if block is None:
        return "all blocks"
    spec = found.base.architecture.blocks[block - 1]
    was = printable(found.base.aggregations[block - 1])
    units = counted(spec.depth, "unit")
    return f"block {block}: {was} in the trial ({units}, {spec.width} wide)"


def _words(one: Switched) -> str:
    return f"{printable(one.now)}*" if one.deeper else printable(one.now)


def _title(found: Ablation, title: str) -> str:
    about = found.base.spread
    reached = "" if about is None else f" and {100 * about.mean:.2f} %"
    first = f"{title}: trial {found.trial} with other aggregations, at its size"
    second = (
        f"the trial has {compact(found.base.total.params)} parameters{reached}; "
        f"{counted(found.epochs, 'epoch')}, {counted(found.seeds, 'seed')}"
    )
    if any(one.deeper for one in found.switched):
        second += "; * other depth, as a tree needs"
    return printable(f"{first}\n{second}")
