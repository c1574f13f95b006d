"""The picture of the last trainings: test accuracy against size, with intervals."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nas.drawing import compact
from nas.errors import counted, printable
from nas.report.axes import accuracy_limits, size_limits, size_ticks
from nas.report.costs import PARAMS
from nas.report.labels import place_labels
from nas.report.retrained import Contest, Standing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK: Final = "#222222"
_GREY: Final = "#666666"
# Colours of Okabe and Ito (2008); the markers tell both apart in print.
_OWN: Final = ("o", "#0072B2")
_KNOWN: Final = (
    ("D", "#D55E00"),
    ("s", "#009E73"),
    ("^", "#CC79A7"),
    ("v", "#E69F00"),
    ("P", "#56B4E9"),
    ("X", "#000000"),
)
_DASHED: Final = (0, (4, 2))


def draw_contest(found: Contest, path: Path, *, title: str) -> None:
    """Draw a contest as a PNG of 1500 x 1000 pixels.

    Bars are the 95 % intervals of the means; a dashed line shows where the search had
    the same trials, on the validation split. Known networks have a colour and marker
    each, at whatever sizes they are.

    Args:
        found: somebody in it has finished a training.
        path: of the picture.
        title: stands over it, followed by what tells comparisons apart.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)
    figure = Figure(figsize=(7.5, 5.0), dpi=200, layout=layout)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    shown = [standing for standing in found.standings if standing.spread is not None]
    own = [s for s in shown if s.entrant.trial is not None]
    families: dict[str, list[Standing]] = {}
    for standing in shown:
        if standing.entrant.trial is None:
            families.setdefault(_family(standing), []).append(standing)
    styles = dict(zip(families, cycle(_KNOWN), strict=False))
    # A dollar sign in a name is no formula.
    title = f"{title}{_how(found)}"
    plain = printable(title).replace("\n", r"\n").replace("$", r"\$")
    axes.set_title(plain, loc="left", fontsize=11, color=_INK, pad=12, wrap=True)
    _scale(axes, shown, found.kind)
    searched = [
        (s.entrant.params, s.entrant.searched)
        for s in own
        if s.entrant.searched is not None
    ]
    if searched:
        points = zip(*searched, strict=True)
        alone = "_" if len(searched) == 1 else None
        axes.plot(*points, color=_GREY, lw=1, ls=_DASHED, marker=alone, zorder=2)
    for family, several in families.items():
        _, color = styles[family]
        points = zip(*map(_point, several), strict=True)
        axes.plot(*points, color=color, lw=0.8, alpha=0.5, zorder=2)
        _bars(axes, several, *styles[family])
    _bars(axes, own, *_OWN)
    by_size = found.costs == (PARAMS.name,)
    if by_size:
        _front(axes, [_point(s) for s in shown if s.on_front])
    markers = {"trials of the search": _OWN, **styles} if own else styles
    _legend(figure, markers, with_front=by_size, with_search=bool(searched))
    figure.draw_without_rendering()  # the layout is final before labels seek room
    place_labels(
        axes,
        [(str(s.entrant.trial), _point(s)) for s in reversed(own)],
        others=[_point(s) for several in families.values() for s in several],
    )
    figure.savefig(path, format="png")


def _scale(axes: "Axes", shown: Sequence[Standing], kind: str) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter

    low, high = size_limits([s.entrant.params for s in shown], None)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(FixedLocator(size_ticks(low, high)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: compact(round(n))))
    axes.xaxis.set_minor_locator(FixedLocator([]))
    axes.set_xlabel("parameters")
    reach = []
    for standing in shown:
        assert standing.spread is not None
        found = standing.spread
        reach += [v for v in (found.mean, found.low, found.high) if v is not None]
        if (searched := standing.entrant.searched) is not None:
            reach.append(searched)
    floor, top = accuracy_limits(reach, min(reach))
    axes.set_ylim(floor, top)
    axes.set_yticks(
        [tick for tick in axes.get_yticks() if floor <= tick <= min(1, top)]
    )
    axes.yaxis.set_major_formatter(FuncFormatter(lambda part, _: f"{100 * part:.6g}%"))
    axes.set_ylabel(f"test {kind}, mean and 95 % interval")
    axes.grid(color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _front(axes: "Axes", points: Sequence[tuple[float, float]]) -> None:
    """Draw a line along the points, which runs on from the last one."""
    sizes, means = zip(*points, strict=True)
    axes.step(
        [*sizes, axes.get_xlim()[1]],
        [*means, means[-1]],
        where="post",
        linewidth=1.2,
        color=_INK,
        zorder=3,
    )


def _bars(axes: "Axes", shown: Sequence[Standing], marker: str, color: str) -> None:
    for standing in shown:
        assert standing.spread is not None
        mean, low, high = (
            standing.spread.mean,
            standing.spread.low,
            standing.spread.high,
        )
        spans = None
        if low is not None and high is not None:
            spans = [[mean - low], [high - mean]]
        axes.errorbar(
            [standing.entrant.params],
            [mean],
            yerr=spans,
            marker=marker,
            color=color,
            markersize=6,
            markeredgecolor="white",
            capsize=3,
            linewidth=1.2,
            zorder=4,
        )


def _legend(
    figure: "Figure",
    markers: Mapping[str, tuple[str, str]],
    *,
    with_front: bool,
    with_search: bool,
) -> None:
    from matplotlib.lines import Line2D

    handles = []
    if with_front:
        handles.append(Line2D([], [], color=_INK, lw=1.2, label="front"))
    handles += [
        Line2D([], [], marker=marker, color=color, linestyle="", label=label)
        for label, (marker, color) in markers.items()
    ]
    if with_search:
        label = "what the search saw, on validation images"
        handles.append(Line2D([], [], color=_GREY, lw=1, ls=_DASHED, label=label))
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=len(handles) if len(handles) < 5 else 3,
        frameon=False,
        fontsize=8.5,
        handletextpad=0.4,
    )


def _how(found: Contest) -> str:
    """Return how the networks of a contest were trained, for a title."""
    few, *others = sorted({standing.entrant.epochs for standing in found.standings})
    epochs = f"{few} to {others[-1]} epochs" if others else counted(few, "epoch")
    seen = ", validation images, too" if found.protocol.use_validation else ""
    return f": {epochs}{seen}"


def _family(standing: Standing) -> str:
    """Return a known network's name without its size."""
    return standing.entrant.name.partition("@")[0]


def _point(standing: Standing) -> tuple[float, float]:
    assert standing.spread is not None
    return standing.entrant.params, standing.spread.mean
