"""The picture of several runs: the front of each as a step line of its own."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nas.drawing.palette import INK
from nas.errors import printable
from nas.records import TrialRecord
from nas.report.costs import PARAMS, CostAxis
from nas.report.figure import scale
from nas.report.front import is_compared, pareto_front
from nas.report.versus import Side, Versus, after_trials

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Lines and markers tell runs apart where colours do not.
_STYLES: Final[tuple[tuple[str, str, Any], ...]] = (
    ("#0072B2", "o", "-"),
    ("#D55E00", "s", (0, (5, 2))),
    ("#009E73", "^", (0, (1, 1.2))),
    ("#CC79A7", "D", (0, (6, 2, 1, 2))),
    ("#E69F00", "v", (0, (6, 1.5, 1, 1.5, 1, 1.5))),
    ("#56B4E9", "P", (0, (10, 3))),
)
MOST_RUNS: Final = len(_STYLES)
"""In one picture."""


def draw_versus(found: Versus, path: Path, *, title: str) -> None:
    """Draw the fronts of runs in accuracy and the first cost, 1500 x 1000 pixels.

    Every trial is a faint dot, those of a run's front are large ones. Where the cost is
    size, the front of a run with less than the largest budget ends at its own, for of
    larger networks that run says nothing.

    Args:
        found: of at most ``MOST_RUNS`` runs.
        path: of the PNG file.
        title: stands over the picture.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)
    figure = Figure(figsize=(7.5, 5.0), dpi=200, layout=layout)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(_plain(title), loc="left", fontsize=11, color=INK, pad=20, wrap=True)
    cost = found.reference.cost
    budget = max(side.max_params for side in found.sides)
    complete = [r for side in found.sides for r in _complete(side)]
    scale(
        axes,
        cost,
        complete,
        [record for side in found.sides for record in side.front],
        budget if cost == PARAMS else None,
    )
    for side, style, steps in zip(found.sides, _STYLES, found.courses, strict=False):
        area = after_trials(steps, len(steps))
        count = f"{len(side.records):,} trial{'' if len(side.records) == 1 else 's'}"
        label = f"{_plain(_short(side.name))}: {count}, hypervolume {area:.4g}"
        ends = cost == PARAMS and side.max_params < budget
        _side(axes, cost, side, style, label, side.max_params if ends else None)
    figure.legend(
        loc="outside lower center",
        ncols=1 if len(found.sides) < 4 else 2,
        frameon=False,
        fontsize=8.5,
        handlelength=4,
    )
    figure.savefig(path, format="png")


def _side(
    axes: "Axes",
    cost: CostAxis,
    side: Side,
    style: tuple[str, str, Any],
    label: str,
    until: float | None,
) -> None:
    color, marker, dashes = style
    own: dict[str, Any] = {"color": color, "marker": marker}
    trials, accuracies = _points(_complete(side), cost)
    faint = 0.3 if len(trials) <= 500 else 0.12
    axes.scatter(trials, accuracies, s=14, alpha=faint, linewidths=0, zorder=2, **own)
    spent, reached = _points(pareto_front(_complete(side), (cost,)), cost)
    # The best stays the best for whoever may spend more: the last step runs on.
    end = axes.get_xlim()[1] if until is None else max([until, *spent])
    axes.step(
        [*spent, *[end] * bool(spent)],
        [*reached, *reached[-1:]],
        where="post",
        color=color,
        linestyle=dashes,
        linewidth=1.6,
        zorder=3,
    )
    white: dict[str, Any] = {"markersize": 6.5, "markeredgecolor": "white"}
    axes.plot(spent, reached, linestyle="", zorder=4, **white, **own)
    # For the legend: a line with its marker.
    axes.plot([], [], linestyle=dashes, linewidth=1.6, label=label, **white, **own)


def _complete(side: Side) -> list[TrialRecord]:
    return [record for record in side.judged if is_compared(record, side.costs)]


def _points(
    records: Sequence[TrialRecord], cost: CostAxis
) -> tuple[list[float], list[float]]:
    """Return the costs and the accuracies of trials that have both."""
    spent, reached = [], []
    for record in records:
        at = cost.of(record)
        assert at is not None
        assert record.accuracy is not None
        spent.append(at)
        reached.append(record.accuracy)
    return spent, reached


def _short(name: str, most: int = 50) -> str:
    return name if len(name) <= most else f"...{name[3 - most :]}"


def _plain(text: str) -> str:
    """Return a text in which a dollar sign is no formula."""
    return printable(text).replace("\n", r"\n").replace("$", r"\$")
