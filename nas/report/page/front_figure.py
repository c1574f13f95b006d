"""The front as a figure to point at: accuracy against a cost, every trial a dot."""

from collections.abc import Iterator, Mapping, Sequence
from math import log10
from statistics import fmean
from typing import Any, Final

from nas.drawing import compact
from nas.drawing.palette import AGGREGATION_COLOURS
from nas.errors import counted, printable
from nas.records import TrialRecord
from nas.report.axes import accuracy_limits, size_limits, size_ticks
from nas.report.costs import PARAMS, CostAxis, titles
from nas.report.figure import dominant_aggregation
from nas.report.front import is_compared, pareto_front
from nas.report.intervals import spread
from nas.report.page.data import PageData
from nas.report.page.layout import LEGEND, MARGIN
from nas.report.page.section import Figure
from nas.report.page.words import long_name, percent
from nas.report.retrained import Entrant
from nas.retraining import Protocol

# Symbols tell aggregations apart where colours do not.
MARKS: Final = {
    "sum": ("circle", AGGREGATION_COLOURS["sum"]),
    "concat": ("square", AGGREGATION_COLOURS["concat"]),
    "hierarchical": ("triangle-up", AGGREGATION_COLOURS["hierarchical"]),
    "chain": ("triangle-down", AGGREGATION_COLOURS["chain"]),
    "custom": ("cross", AGGREGATION_COLOURS["custom"]),
    "mixed": ("diamond", "#CC79A7"),
}
"""Plotly's symbol and the colour of networks that mostly aggregate so."""

_MANY: Final = 500
"""From so many trials on, dots that are not on the front are fainter."""

Trace = dict[str, Any]


def front_figures(data: PageData) -> Iterator[Figure]:
    """Yield a figure for each cost of the search; none where no trial is complete."""
    costs = data.summary.costs
    complete = [r for r in data.summary.records if is_compared(r, costs)]
    if complete:
        for cost in costs:
            yield _figure(data, complete, cost)


def _figure(data: PageData, complete: Sequence[TrialRecord], cost: CostAxis) -> Figure:
    front = pareto_front(complete, data.summary.costs)
    known = list(_known(data, cost))
    budget = data.config["max_params"] if cost == PARAMS else None
    values = [_value(r, cost) for r in complete] + [at for _, at, _ in known]
    low, high = size_limits(values, budget)
    worst = min(_accuracy(record) for record in front)
    accuracies = [_accuracy(record) for record in complete]
    means = [fmean(reached) for *_, reached in known]
    # Known networks are few and asked for: each is to be seen.
    bottom, top = accuracy_limits([*accuracies, *means], min([worst, *means]))
    below = sum(accuracy < bottom for accuracy in accuracies)
    ticks = size_ticks(low / cost.finest, high / cost.finest)
    layout: dict[str, Any] = {
        "hovermode": "closest",
        "xaxis": {
            "type": "log",
            "range": [log10(low), log10(high)],
            "title": {"text": cost.label},
            "tickvals": [n * cost.finest for n in ticks],
            "ticktext": [cost.tick(n * cost.finest) for n in ticks],
            "tickangle": 0,
        },
        "yaxis": {
            "range": [bottom, min(top, 1 + 0.03 * (top - bottom))],
            "title": {"text": "validation accuracy"},
            "tickformat": ".4~p",
        },
        "legend": LEGEND,
        "margin": MARGIN,
    }
    if budget is not None and budget <= high:
        layout |= _budget(budget)
    return Figure(
        name=f"front-{cost.name}",
        data=[
            *_lines(complete, cost, high),
            *_dots(data, complete, front, cost),
            *_stars(known),
        ],
        layout=layout,
        words=_words(data, complete, front, cost, below),
        height=500,
    )


def _budget(budget: int) -> dict[str, Any]:
    ink = "var(--muted)"
    return {
        "shapes": [
            {
                "type": "line",
                "x0": budget,
                "x1": budget,
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "layer": "below",
                "line": {"color": ink, "width": 1, "dash": "dash"},
            }
        ],
        "annotations": [
            {
                "x": log10(budget),
                "y": 0,
                "yref": "paper",
                "yanchor": "bottom",
                "xanchor": "right",
                "text": f"budget {compact(budget)}",
                "showarrow": False,
                "font": {"color": ink},
            }
        ],
    }


def _lines(
    complete: Sequence[TrialRecord], cost: CostAxis, high: float
) -> Iterator[Trace]:
    """Yield the front as steps, and that of random search where it ran beside."""
    random = [record for record in complete if record.arm == "random"]
    searched = [record for record in complete if record.arm != "random"]
    beside: Sequence[TrialRecord] = ()
    name, line = "front", pareto_front(complete, (cost,))
    if random and searched:
        name = "front of the search"
        line, beside = (pareto_front(arm, (cost,)) for arm in (searched, random))
    yield _steps(line, cost, high, name, {"color": "var(--ink)", "width": 1.6})
    if beside:
        style = {"color": "var(--muted)", "width": 1.4, "dash": "dash"}
        yield _steps(beside, cost, high, "front of random search", style)


def _steps(
    front: Sequence[TrialRecord],
    cost: CostAxis,
    high: float,
    name: str,
    line: Mapping[str, Any],
) -> Trace:
    # The best stays the best for whoever may spend more: the last step runs on.
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [*(_value(record, cost) for record in front), high],
        "y": [*map(_accuracy, front), _accuracy(front[-1])],
        "line": {"shape": "hv", **line},
        "hoverinfo": "skip",
    }


def _dots(
    data: PageData,
    complete: Sequence[TrialRecord],
    front: Sequence[TrialRecord],
    cost: CostAxis,
) -> Iterator[Trace]:
    """Yield the trials by their aggregation, those of the front last."""
    ahead = {record.trial for record in front}
    groups: dict[tuple[bool, str], list[TrialRecord]] = {}
    for record in complete:
        kind = long_name(dominant_aggregation(record))
        groups.setdefault((record.trial in ahead, kind), []).append(record)
    for kind in MARKS:
        if (True, kind) in groups or (False, kind) in groups:
            yield _in_legend(kind)
    small, faint = (8, 0.65) if len(complete) <= _MANY else (6, 0.25)
    for on_front in (False, True):
        for kind, (symbol, colour) in MARKS.items():
            records = groups.get((on_front, kind))
            if not records:
                continue
            yield {
                "type": "scatter",
                "mode": "markers",
                "meta": "the front" if on_front else _named(kind),
                "name": _named(kind),
                "legendgroup": kind,
                "showlegend": False,
                "x": [_value(record, cost) for record in records],
                "y": [round(_accuracy(record), 6) for record in records],
                "customdata": [record.trial for record in records],
                "marker": {
                    "symbol": symbol,
                    "color": colour,
                    "size": 13 if on_front else small,
                    "opacity": 1 if on_front else faint,
                    "line": {"color": "var(--ground)", "width": 1.5 if on_front else 0},
                },
                "hoverinfo": "none",
                **_intervals(data, records, colour if on_front else f"{colour}55"),
            }


def _in_legend(kind: str) -> Trace:
    """Return what stands for an aggregation in the legend, faint as its dots may be."""
    symbol, colour = MARKS[kind]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": _named(kind),
        "legendgroup": kind,
        "x": [None],
        "y": [None],
        "marker": {"symbol": symbol, "color": colour, "size": 9},
    }


def _named(kind: str) -> str:
    return kind if kind == "mixed" else f"mostly {kind}"


def _intervals(
    data: PageData, records: Sequence[TrialRecord], colour: str
) -> dict[str, Any]:
    found = [data.repeats.get(record.trial) for record in records]
    above, below = [], []
    for f in found:
        mean = None if f is None else f.mean
        if f is None or mean is None:
            above.append(0.0)
            below.append(0.0)
        else:
            above.append(0.0 if f.high is None else f.high - mean)
            below.append(0.0 if f.low is None else mean - f.low)
    if not any(above) and not any(below):
        return {}
    return {"error_y": _bars(above, below, colour)}


def _bars(above: Sequence[float], below: Sequence[float], colour: str) -> Trace:
    return {
        "type": "data",
        "symmetric": False,
        "array": list(above),
        "arrayminus": list(below),
        "color": colour,
        "thickness": 1,
        "width": 3,
    }


def _known(
    data: PageData, cost: CostAxis
) -> Iterator[tuple[Entrant, float, list[float]]]:
    """Yield known networks that compare with trials: same recipe, epochs, images."""
    contest = data.contests.get(Protocol())
    if contest is None or cost.name not in ("params", "macs"):
        return
    for standing in contest.standings:
        entrant = standing.entrant
        reached = list(entrant.validated.values())
        if entrant.trial is None and reached:
            yield entrant, getattr(entrant, cost.name), reached


def _stars(known: Sequence[tuple[Entrant, float, list[float]]]) -> list[Trace]:
    """Return what stands for known networks at the recipe of the search."""
    if not known:
        return []
    spreads = [spread(reached) for _, _, reached in known]
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "known networks, same recipe",
            "x": [at for _, at, _ in known],
            "y": [fmean(reached) for *_, reached in known],
            "text": [
                f"{_plain(entrant.name)}<br>{percent(found.mean)} of validation, "
                f"{counted(found.number, 'seed')}<br>{entrant.params:,} parameters"
                for (entrant, *_), found in zip(known, spreads, strict=True)
            ],
            "hoverinfo": "text",
            "marker": {
                "symbol": "star",
                "color": "var(--ink)",
                "size": 11,
                "line": {"color": "var(--ground)", "width": 1},
            },
            "error_y": _bars(
                [0.0 if s.high is None else s.high - s.mean for s in spreads],
                [0.0 if s.low is None else s.mean - s.low for s in spreads],
                "var(--ink)",
            ),
        }
    ]


def _words(
    data: PageData,
    complete: Sequence[TrialRecord],
    front: Sequence[TrialRecord],
    cost: CostAxis,
    below: int,
) -> str:
    words = (
        f"Validation accuracy against {cost.title} of {counted(len(complete), 'trial')}"
    )
    if len(front) > 1:
        ends = min(front, key=lambda r: _value(r, cost)), max(front, key=_accuracy)
        low, high = (
            f"{percent(_accuracy(record))} at {cost.phrase(_value(record, cost))}"
            for record in ends
        )
        words += f", {len(front)} of them on the front: from {low} to {high}"
    words += "."
    costs = data.summary.costs
    if len(costs) > 1:
        words += (
            f" They are on the front of accuracy, {titles(costs)} together; the line "
            f"is the front of accuracy and {cost.title} alone."
        )
    arms = {record.arm == "random" for record in complete}
    if len(arms) > 1 and any(f.mean is not None for f in data.repeats.values()):
        words += (
            " Repeated trials stand at the mean of their repeats, others at their "
            "first result, which is often too high: mind that between the two fronts."
        )
    if below:
        words += (
            f" {counted(below, 'trial')} {'lies' if below == 1 else 'lie'} further "
            "below: a double click shows all."
        )
    return words


def _plain(name: str) -> str:
    """Return a name that plotly takes for no markup."""
    return printable(name).replace("&", "&amp;").replace("<", "&lt;")


def _value(record: TrialRecord, cost: CostAxis) -> float:
    value = cost.of(record)
    assert value is not None, "only trials with this cost are drawn"
    return value


def _accuracy(record: TrialRecord) -> float:
    assert record.accuracy is not None, "only complete trials are drawn"
    return record.accuracy
