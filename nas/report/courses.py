"""The picture of two arms: hypervolume against trials, or epochs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nas.drawing.human import compact
from nas.report.compare import Comparison
from nas.report.hypervolume import Reference, Step

_COLORS: Final = {"search": "#0072B2", "random search": "#D55E00"}


def draw_courses(
    comparison: Comparison, path: Path, *, title: str, reference: Reference
) -> None:
    """Draw the hypervolume of both arms after each trial as a PNG of 1500 x 1000.

    Where trials had different numbers of epochs, they stand at the epochs so far: both
    arms come to as many of these, and not of trials.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.ticker import MaxNLocator

    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)
    figure = Figure(figsize=(7.5, 5.0), dpi=200, layout=layout)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(
        title.replace("$", r"\$"), loc="left", fontsize=11, pad=20, wrap=True
    )
    arms = {"search": comparison.search, "random search": comparison.random}
    for (name, steps), style in zip(arms.items(), ("-", "--"), strict=True):
        spent, areas = _line(steps, alike=comparison.alike)
        axes.step(
            spent,
            areas,
            style,
            where="post",
            color=_COLORS[name],
            label=f"{name}: {areas[-1]:.4g}",
        )
    axes.set_xlabel("trials" if comparison.alike else "epochs")
    axes.set_ylabel("hypervolume")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.grid(color="#e6e6e6", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="best", frameon=False, fontsize=9)
    said = axes.annotate(
        f"accuracy over the log of size, from {100 * reference.accuracy:.2f}% and "
        f"{compact(round(reference.params))} parameters ({reference.name})",
        xy=(0, 1),
        xycoords="axes fraction",
        xytext=(0, 6),
        textcoords="offset points",
        fontsize=8.5,
        color="#666666",
    )
    said.set_in_layout(False)  # it is longer than the axes, which stay as wide
    figure.savefig(path, format="png")


def _line(steps: Sequence[Step], *, alike: bool) -> tuple[list[int], list[float]]:
    return (
        [0, *(step.trials if alike else step.epochs for step in steps)],
        [0.0, *(step.hypervolume for step in steps)],
    )
