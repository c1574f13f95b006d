"""Learning curves of the front: accuracy after each epoch."""

from collections.abc import Sequence
from math import isfinite
from typing import Any, Final

from nas.errors import counted
from nas.records import TrialRecord
from nas.report.page.data import PageData
from nas.report.page.layout import LEGEND, MARGIN
from nas.report.page.marks import AMBER, BLUE, GREEN, PINK, RED
from nas.report.page.section import Figure, Section, View
from nas.report.page.words import percent

_COLOURS: Final = (BLUE, RED, GREEN, PINK, AMBER)
_DASHES: Final = ("solid", "dash", "dot", "dashdot")
_SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")
_MOST: Final = 12
"""Curves; of a larger front they come from all along it."""


def learning_section(data: PageData) -> Section | None:
    """Return the curves of the front's trials; None where none has two epochs."""
    known = [record for record in data.summary.front if len(record.curve) > 1]
    if not known:
        return None
    drawn = _spread(known)
    words = _words(drawn)
    if len(drawn) < len(known):
        words += f" The front has {len(known) - len(drawn)} more."
    figure = Figure(
        name="learning",
        data=[_trace(record, place) for place, record in enumerate(drawn)],
        layout={
            "xaxis": {
                "title": {"text": "epoch"},
                "tickformat": "d",
                "dtick": max(1, -(-max(len(r.curve) for r in drawn) // 15)),
            },
            "yaxis": {
                "title": {"text": "validation accuracy"},
                "tickformat": "~%",
            },
            "hovermode": "closest",
            "showlegend": True,
            "legend": LEGEND,
            "margin": MARGIN,
        },
        words=words,
        views=_views(drawn),
    )
    return Section(
        anchor="learning",
        title="Learning curves of the front",
        figures=(figure,),
    )


def _spread(records: Sequence[TrialRecord]) -> list[TrialRecord]:
    if len(records) <= _MOST:
        return list(records)
    step = (len(records) - 1) / (_MOST - 1)
    return [records[round(i * step)] for i in range(_MOST)]


def _views(drawn: Sequence[TrialRecord]) -> tuple[View, ...]:
    """Return accuracy, and the error on an axis that spreads what is nearly right."""
    curves = [_curve(record) for record in drawn]
    errors = [
        [None if a is None or a >= 1 else round(1 - a, 6) for a in curve]
        for curve in curves
    ]
    return tuple(
        View(
            label=name,
            data={"y": values},
            layout={
                "yaxis.type": kind,
                "yaxis.title.text": f"validation {name}",
            },
        )
        for name, values, kind in (
            ("accuracy", curves, "linear"),
            ("error", errors, "log"),
        )
    )


def _curve(record: TrialRecord) -> list[float | None]:
    return [round(a, 6) if isfinite(a) else None for a in record.curve]


def _trace(record: TrialRecord, place: int) -> dict[str, Any]:
    colour = _COLOURS[place % len(_COLOURS)]
    curve = _curve(record)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": f"trial {record.trial}",
        "x": list(range(1, len(curve) + 1)),
        "y": curve,
        # The card would cover what the points before the last tell.
        "customdata": [None] * (len(curve) - 1) + [record.trial],
        "line": {
            "color": colour,
            "width": 2,
            "dash": _DASHES[place // len(_COLOURS) % len(_DASHES)],
        },
        "marker": {
            "symbol": _SYMBOLS[place % len(_SYMBOLS)],
            "size": 7 if len(curve) <= 30 else 3,
        },
        "hovertemplate": "%{y:.2%} after epoch %{x}<extra>%{fullData.name}</extra>",
    }


def _words(drawn: Sequence[TrialRecord]) -> str:
    """Return what the curves come to, and whether more epochs may bring more."""
    ends = sorted({len(record.curve) for record in drawn})
    epochs = " to ".join(str(end) for end in dict.fromkeys((ends[0], ends[-1])))
    reached = [record.curve[-1] for record in drawn]
    gains = [r.curve[-1] - r.curve[-2] for r in drawn]
    rising = sum(gain > 0 for gain in gains)
    low, high = percent(min(reached)), percent(max(reached))
    between = f"{low} to {high}" if low != high else low
    return (
        f"Validation accuracy of {counted(len(drawn), 'trial')} of the front"
        f"{', smallest first' if len(drawn) > 1 else ''}, in the first training of "
        f"each, over {epochs} epochs: {between} in the end. Repeats are not drawn. "
        f"The last epoch brought more for {rising} of {len(drawn)}."
    )
