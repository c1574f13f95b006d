"""How the hypervolume grew: a curve for each arm of a search."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from nas.errors import counted
from nas.report.costs import titles
from nas.report.hypervolume import Reference, Step
from nas.report.page.data import PageData
from nas.report.page.html import Column, table, text
from nas.report.page.layout import LEGEND, MARGIN
from nas.report.page.marks import BLUE, PINK
from nas.report.page.section import Figure, Section, View
from nas.report.page.text import time_unit
from nas.report.page.words import duration, percent
from nas.report.summary import ArmFacts

_LOOKS: Final = {
    "search": ("search", BLUE, "solid", "circle"),
    "random": ("random search", PINK, "dash", "diamond"),
}
_MOST_ROWS: Final = 60
_FEW: Final = 5
"""Fewer trials have no course to speak of."""


def hypervolume_section(data: PageData) -> Section | None:
    """Return how the hypervolume grew; None without a trial."""
    summary = data.summary
    if not summary.arms:
        return None
    reference = summary.reference
    words = " ".join(_words(name, arm) for name, arm in summary.arms.items())
    html = f"<p>{text(_from(reference))}</p>\n"
    if summary.comparison is not None:
        html += f"<p>{text(summary.comparison.verdict)}</p>\n"
    steps = {name: _steps(arm.steps) for name, arm in summary.arms.items()}
    if not any(arm.steps[-1].hypervolume for arm in summary.arms.values()):
        html = f"<p>{text(words)}</p>\n{html}"
        return Section(anchor="hypervolume", title="Hypervolume", html=html)
    return Section(
        anchor="hypervolume",
        title="Hypervolume",
        html=html,
        figures=(_figure(steps, words),),
        more=_table(steps),
    )


def _steps(steps: Sequence[Step]) -> list[Step]:
    """Return the steps that changed something, between the beginning and the end."""
    begin = Step(trials=0, epochs=0, seconds=0.0, hypervolume=0.0)
    rising = [b for a, b in pairwise([begin, *steps]) if b.hypervolume > a.hypervolume]
    last = [] if rising and rising[-1] == steps[-1] else [steps[-1]]
    return [begin, *rising, *last]


def _figure(steps: Mapping[str, Sequence[Step]], words: str) -> Figure:
    unit, length = time_unit(max(own[-1].seconds for own in steps.values()))
    spent = {
        "trials": [[float(s.trials) for s in own] for own in steps.values()],
        "epochs": [[float(s.epochs) for s in own] for own in steps.values()],
        f"{unit} of training": [
            [float(f"{s.seconds / length:.6g}") for s in own] for own in steps.values()
        ],
    }
    traces = []
    for place, (arm, own) in enumerate(steps.items()):
        name, colour, dash, symbol = _LOOKS[arm]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers" if len(own) <= _MOST_ROWS else "lines",
                "name": name,
                "x": spent["trials"][place],
                "y": [float(f"{step.hypervolume:.6g}") for step in own],
                "line": {"shape": "hv", "color": colour, "dash": dash, "width": 2},
                "marker": {"symbol": symbol, "color": colour, "size": 6},
                "hovertemplate": "%{y:.4g} after %{x:,}<extra>%{fullData.name}</extra>",
            }
        )
    views = tuple(
        View(
            label=f"by {label}",
            data={"x": values},
            layout={"xaxis.title.text": label, "xaxis.dtick": _tick(label, values)},
        )
        for label, values in spent.items()
    )
    return Figure(
        name="hypervolume",
        data=traces,
        layout={
            "xaxis": {
                "title": {"text": "trials"},
                "rangemode": "tozero",
                "dtick": _tick("trials", spent["trials"]),
            },
            "yaxis": {"title": {"text": "hypervolume"}, "rangemode": "tozero"},
            "hovermode": "closest",
            "showlegend": len(traces) > 1,
            "legend": LEGEND,
            "margin": MARGIN,
        },
        words=words,
        views=views,
    )


def _tick(label: str, values: Sequence[Sequence[float]]) -> int | None:
    """Return the step of ticks where plotly would put some at a half trial."""
    is_few = label in ("trials", "epochs") and max(map(max, values)) <= 10
    return 1 if is_few else None


def _words(name: str, arm: ArmFacts) -> str:
    steps, last = arm.steps, arm.steps[-1]
    who = "Random search" if name == "random" else "The search"
    after = f"after {counted(last.trials, 'trial')}"
    if not last.hypervolume:
        return f"{who} has no hypervolume {after}: no trial passes the reference."
    said = f"{who} comes to a hypervolume of {last.hypervolume:.4g} {after}"
    if last.trials < _FEW:
        return f"{said}."
    half = next(s for s in steps if s.hypervolume >= last.hypervolume / 2)
    final = next(s for s in steps if s.hypervolume >= last.hypervolume)
    return (
        f"{said}; it had half of that after {counted(half.trials, 'trial')}, and rose "
        f"last with number {final.trials:,}."
    )


def _from(reference: Reference) -> str:
    cost = reference.cost
    return (
        "It is the area between the front and a reference point, accuracy over the "
        f"natural logarithm of {titles([cost])}: from {percent(reference.accuracy)} "
        f"and {cost.tick(reference.most)} {cost.unit} ({reference.name}). First "
        "results of trials count, not the means of repeats."
    )


def _table(steps: Mapping[str, Sequence[Step]]) -> str:
    columns = [
        Column(title="after trials", number=True),
        Column(title="arm"),
        Column(title="epochs", number=True),
        Column(title="training", number=True),
        Column(title="hypervolume", number=True),
    ]
    rows = [
        (
            f"{step.trials:,}",
            _LOOKS[arm][0],
            f"{step.epochs:,}",
            duration(step.seconds),
            f"{step.hypervolume:.4g}",
        )
        for arm, own in steps.items()
        for step in _some(own[1:])
    ]
    caption = "Hypervolume after each trial that raised it, and after the last one"
    if any(len(own) - 1 > _MOST_ROWS for own in steps.values()):
        note = f"The table has the last {_MOST_ROWS} steps of an arm."
        return f"<p>{note}</p>\n{table(columns, rows, caption=caption)}"
    return table(columns, rows, caption=caption)


def _some(steps: Sequence[Step]) -> Iterable[Step]:
    """Return the last of the steps, as many as a table has room for."""
    return steps[-_MOST_ROWS:]
