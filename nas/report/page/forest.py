"""Differences between aggregations as forest plots: a dot and its interval in a row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nas.errors import counted
from nas.report.explanation import AggregationEffect
from nas.report.page.layout import LEGEND, MARGIN
from nas.report.page.marks import GREY, Mark, aggregation_marks
from nas.report.page.section import Figure, View
from nas.report.page.text import in_figure, points

_ROW_PIXELS: Final = 24

_OPEN: Final = "not established"
_FEW: Final = "too few trials"
_BEHIND: Final = "trials"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The effects of one view, such as those of a band of sizes."""

    label: str
    effects: Sequence[AggregationEffect]


Row = tuple[str, object]
"""What a row is called, and what its effects have in common."""


def forest(
    name: str,
    choices: Sequence[Choice],
    rows: Sequence[Row],
    row_of: Callable[[AggregationEffect], object],
    words: str,
) -> Figure:
    """Return a forest plot with a group of rows for each pair of aggregations.

    Args:
        name: of the figure.
        choices: a button shows each, if there are several.
        rows: of every group.
        row_of: returns what tells which row an effect belongs to.
        words: what it shows.
    """
    effects = [effect for choice in choices for effect in choice.effects]
    pairs = list(dict.fromkeys((effect.one, effect.other) for effect in effects))
    names = tuple(dict.fromkeys(name for pair in pairs for name in pair))
    group = len(rows) + 1
    places = {
        (pair, key): group * i + 1 + j
        for i, pair in enumerate(pairs)
        for j, (_, key) in enumerate(rows)
    }
    reach = max((abs(v) for e in effects for v in _points(e)), default=0.0) or 1.0
    looks = _looks(names)
    views = []
    for choice in choices:
        placed = [(places[(e.one, e.other), row_of(e)], e) for e in choice.effects]
        views.append(
            View(
                label=choice.label,
                data=_columns(sorted(placed, key=lambda p: p[0]), looks, reach),
                layout={},
            )
        )
    return Figure(
        name=name,
        data=[
            _trace(
                kind, mark, {key: values[i] for key, values in views[0].data.items()}
            )
            for i, (kind, mark) in enumerate(looks.items())
        ],
        layout=_layout(pairs, rows, reach),
        words=words,
        height=140 + _ROW_PIXELS * group * len(pairs),
        views=tuple(views) if len(views) > 1 else (),
    )


def _looks(names: tuple[str, ...]) -> dict[str, Mark]:
    """Return the traces of the figure: what came of a difference, and its mark."""
    better = {
        f"{in_figure(name, 30)} is better": mark
        for name, mark in aggregation_marks(names).items()
    }
    return better | {
        _OPEN: Mark(colour=GREY, symbol="circle-open", pattern=""),
        _FEW: Mark(colour=GREY, symbol="line-ns", pattern=""),
        _BEHIND: Mark(colour=GREY, symbol="line-ns", pattern=""),
    }


def _came_to(effect: AggregationEffect) -> str:
    if not _points(effect):
        return _FEW
    if not effect.established:
        return _OPEN
    name = effect.one if (effect.difference or 0.0) > 0 else effect.other
    return f"{in_figure(name, 30)} is better"


def _points(effect: AggregationEffect) -> tuple[float, ...]:
    """Return a difference and the ends of its interval in percentage points, if any."""
    found = (effect.difference, effect.low, effect.high)
    known = tuple(float(f"{100 * value:.6g}") for value in found if value is not None)
    return known if len(known) == len(found) else ()


def _columns(
    placed: Sequence[tuple[int, AggregationEffect]],
    looks: Mapping[str, Mark],
    reach: float,
) -> dict[str, list[list[Any]]]:
    """Return what differs between views: for each attribute a list for each trace."""
    columns: dict[str, list[list[Any]]] = {
        name: [[] for _ in looks]
        for name in (
            "x",
            "y",
            "error_x.array",
            "error_x.arrayminus",
            "text",
            "hovertext",
        )
    }
    order = {kind: i for i, kind in enumerate(looks)}
    for row, effect in placed:
        middle, low, high = _points(effect) or (0.0, 0.0, 0.0)
        behind = f"{effect.trials_one:,} / {effect.trials_other:,}"
        kind = _came_to(effect)
        told = _line(effect)
        for place, values in (
            (
                order[kind],
                (
                    middle,
                    high - middle,
                    middle - low,
                    f"  {_FEW}" if kind == _FEW else "",
                ),
            ),
            (order[_BEHIND], (1.08 * reach, 0.0, 0.0, behind)),
        ):
            at, above, below, label = values
            columns["x"][place].append(at)
            columns["y"][place].append(row)
            columns["error_x.array"][place].append(round(above, 6))
            columns["error_x.arrayminus"][place].append(round(below, 6))
            columns["text"][place].append(label)
            columns["hovertext"][place].append(told)
    return columns


def _trace(
    kind: str, mark: Mark, columns: Mapping[str, Sequence[Any]]
) -> dict[str, Any]:
    is_text = kind in (_FEW, _BEHIND)
    is_sure = not is_text and kind != _OPEN
    return {
        "type": "scatter",
        "mode": "text" if is_text else "markers",
        "name": kind,
        "x": columns["x"],
        "y": columns["y"],
        "text": columns["text"],
        "textposition": "middle right",
        "marker": {"color": mark.colour, "symbol": mark.symbol, "size": 12},
        "error_x": {
            "visible": not is_text,
            "type": "data",
            "symmetric": False,
            "array": columns["error_x.array"],
            "arrayminus": columns["error_x.arrayminus"],
            "color": mark.colour,
            "thickness": 3 if is_sure else 1.2,
            "width": 0 if is_sure else 4,
        },
        "hoverinfo": "text",
        "hovertext": columns["hovertext"],
        "showlegend": not is_text,
        "cliponaxis": False,
    }


def _layout(
    pairs: Sequence[tuple[str, str]], rows: Sequence[Row], reach: float
) -> dict[str, Any]:
    group = len(rows) + 1
    heads = [
        (i * group, f"{in_figure(one, 20)} \N{MINUS SIGN} {in_figure(other, 20)}")
        for i, (one, other) in enumerate(pairs)
    ]
    return {
        "xaxis": {
            "title": {"text": "difference in percentage points"},
            "range": [-1.08 * reach, 1.08 * reach],
            "zeroline": True,
            "zerolinecolor": GREY,
            "zerolinewidth": 2,
            "nticks": 7,
        },
        "yaxis": {
            "tickvals": [
                i * group + 1 + j for i in range(len(pairs)) for j in range(len(rows))
            ],
            "ticktext": [label for label, _ in rows] * len(pairs),
            "range": [group * len(pairs) - 0.3, -0.7],
            "automargin": True,
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
        },
        "annotations": [
            *(_note(f"<b>{head}</b>", row, 0.0, "left") for row, head in heads),
            _note("<b>trials</b>", 0, 1.0, "left"),
        ],
        "hovermode": "closest",
        "legend": LEGEND,
        "margin": {**MARGIN, "r": 64},
    }


def _note(label: str, row: int, at: float, align: str) -> dict[str, Any]:
    return {
        "text": label,
        "x": at,
        "xref": "paper",
        "xanchor": align,
        "y": row,
        "yanchor": "middle",
        "showarrow": False,
        "bgcolor": "var(--ground)",
    }


def _line(effect: AggregationEffect) -> str:
    one, other = in_figure(effect.one, 30), in_figure(effect.other, 30)
    behind = f"{counted(effect.trials_one, 'trial')} against {effect.trials_other:,}"
    if effect.difference is None or effect.low is None or effect.high is None:
        return f"{one} against {other}: {_FEW}, {behind}"
    return (
        f"{one} against {other}: {points(effect.difference)} points, "
        f"{points(effect.low)} to {points(effect.high)}; {behind}"
    )
