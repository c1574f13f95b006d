"""Parallel coordinates: each line is a trial on its way through its genes.

The lines go from top to bottom, so that rows have room for words on a phone, too. They
are plain SVG: plotly's own parallel coordinates need WebGL, and stay blank without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from nas.errors import counted
from nas.records import RECIPE_GENES, TrialRecord
from nas.report.explanation import Explanation
from nas.report.front import has_accuracy
from nas.report.page.data import PageData
from nas.report.page.html import text
from nas.report.page.layout import LEGEND, MARGIN
from nas.report.page.marks import BLUE, GREY, RED
from nas.report.page.scales import Row, accuracy_row, gene_row, size_row
from nas.report.page.section import Figure, Section, View
from nas.report.page.text import in_line

_MOST_GENES: Final = 8
_MOST_LINES: Final = 300
_MOST_BOLD: Final = 12
"""More lines than that would hide each other if they were bold."""

_ROW_PIXELS: Final = 62
_TARGET: Final = "target"
"""The gene of the size that was asked for, which the size tells as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tier:
    """A group of trials whose lines look the same."""

    name: str
    colour: str
    width: float
    opacity: float


_TIERS: Final = (
    _Tier(name="others", colour=GREY, width=1, opacity=0.35),
    _Tier(
        name="most accurate quarter at their size", colour=BLUE, width=1.5, opacity=0.6
    ),
    _Tier(name="on the front", colour=RED, width=3, opacity=1),
)


def genes_section(data: PageData) -> Section | None:
    """Return the genes of complete trials; None where fewer than two have any.

    Where there is an explanation, its most important genes come first.
    """
    complete = [r for r in data.summary.records if has_accuracy(r) and r.genes]
    if len(complete) < 2:
        return None
    ahead = {record.trial for record in data.summary.front}
    good = _good_at_their_size(complete)
    drawn = _some(complete, ahead, good)
    rows, left_out = _rows(drawn, data.explanation)
    tiers = [
        2 if record.trial in ahead else int(record.trial in good) for record in drawn
    ]
    words = _words(complete, drawn, rows)
    more = ""
    if left_out:
        names = ", ".join(in_line(name, 60) for name in left_out)
        more = f"<p>{text(f'Less important or less used, not drawn: {names}.')}</p>\n"
    figure = Figure(
        name="genes",
        data=[_trace(tier, drawn, rows, tiers) for tier in range(len(_TIERS))],
        layout=_layout(rows),
        words=words,
        height=80 + _ROW_PIXELS * len(rows),
        views=tuple(
            View(label=label, data={"visible": visible}, layout={})
            for label, visible in (
                ("all", [True, True, True]),
                ("good at their size", ["legendonly", True, True]),
                ("front only", ["legendonly", "legendonly", True]),
            )
        ),
    )
    return Section(
        anchor="genes", title="Genes of the trials", figures=(figure,), more=more
    )


def _good_at_their_size(records: Sequence[TrialRecord]) -> set[int]:
    """Return the most accurate quarter of each quarter of sizes, by their numbers."""
    by_size = sorted(records, key=lambda record: (record.params, record.trial))
    good: set[int] = set()
    for quarter in range(4):
        low, high = (len(by_size) * (quarter + i) // 4 for i in (0, 1))
        alike = sorted(by_size[low:high], key=lambda r: -(r.accuracy or 0.0))
        good |= {record.trial for record in alike[: len(alike) // 4]}
    return good


def _some(
    records: Sequence[TrialRecord], ahead: set[int], good: set[int]
) -> list[TrialRecord]:
    """Return trials to draw: the front first, then of others as many as fit."""
    kept = [record for record in records if record.trial in ahead][:_MOST_LINES]
    for is_good in (True, False):
        more = [
            record
            for record in records
            if record.trial not in ahead and (record.trial in good) == is_good
        ]
        room = max(0, _MOST_LINES - len(kept)) // (2 if is_good else 1)
        step = max(1.0, len(more) / room) if room else len(more) + 1.0
        kept += [more[int(i * step)] for i in range(min(room, len(more)))]
    return sorted(kept, key=lambda record: record.trial)


def _rows(
    drawn: Sequence[TrialRecord], explanation: Explanation | None
) -> tuple[list[Row], list[str]]:
    """Return the rows, and the names of the genes that have none."""
    uses: dict[str, int] = {}
    for record in drawn:
        for name in record.genes or {}:
            uses[name] = uses.get(name, 0) + 1
    uses.pop(_TARGET, None)
    known = () if explanation is None else explanation.importances
    rank = {found.gene: i for i, found in enumerate(known)}
    order = sorted(
        uses,
        key=lambda name: (
            rank.get(name, len(rank)),
            not name.endswith(".aggregation"),
            name.startswith(RECIPE_GENES),
            -uses[name],
        ),
    )
    different = [row for name in order if (row := gene_row(name, drawn)) is not None]
    names = [name for name in order if gene_row(name, drawn) is not None]
    rows = [size_row(drawn), accuracy_row(drawn), *different[:_MOST_GENES]]
    return rows, names[_MOST_GENES:]


def _trace(
    tier: int, drawn: Sequence[TrialRecord], rows: Sequence[Row], tiers: Sequence[int]
) -> dict[str, Any]:
    """Return the lines of a tier as a single one with gaps."""
    looks = _TIERS[tier]
    width = looks.width if tiers.count(tier) <= _MOST_BOLD else min(looks.width, 1.5)
    across: list[float | None] = []
    down: list[int | None] = []
    trials: list[int | None] = []
    for place, record in enumerate(drawn):
        if tiers[place] != tier:
            continue
        across += [*(round(row.at[place], 4) for row in rows), None]
        down += [*range(len(rows)), None]
        trials += [*([record.trial] * len(rows)), None]
    return {
        "type": "scatter",
        "mode": "lines+markers" if tier == len(_TIERS) - 1 else "lines",
        "name": looks.name,
        "x": across,
        "y": down,
        "customdata": trials,
        "opacity": looks.opacity,
        "line": {"color": looks.colour, "width": width},
        "marker": {"size": 6, "color": looks.colour},
        "connectgaps": False,
        "hoverinfo": "none",
    }


def _layout(rows: Sequence[Row]) -> dict[str, Any]:
    notes = []
    for place, row in enumerate(rows):
        notes.append(_note(f"<b>{row.name}</b>", 0, place, up=True, align="left"))
        for at, label in row.ticks:
            align = "left" if at < 0.02 else "right" if at > 0.98 else "center"
            notes.append(_note(label, at, place, up=False, align=align))
    return {
        "xaxis": {"visible": False, "range": [-0.01, 1.01], "fixedrange": True},
        "yaxis": {
            "visible": False,
            "range": [len(rows) - 0.5, -0.5],
            "fixedrange": True,
        },
        "shapes": [
            {
                "type": "line",
                "layer": "below",
                "x0": 0,
                "x1": 1,
                "y0": place,
                "y1": place,
                "line": {"color": "var(--line)", "width": 6},
            }
            for place in range(len(rows))
        ],
        "annotations": notes,
        "dragmode": False,
        "hovermode": "closest",
        "legend": LEGEND,
        "margin": {**MARGIN, "b": 8, "l": 12, "r": 12},
    }


def _note(label: str, at: float, row: int, *, up: bool, align: str) -> dict[str, Any]:
    return {
        "text": label,
        "x": round(at, 4),
        "xanchor": align,
        "y": row,
        "yanchor": "bottom" if up else "top",
        "yshift": 4 if up else -4,
        "showarrow": False,
        "font": {"size": 12},
        "bgcolor": "var(--ground)",
        "borderpad": 0,
    }


def _words(
    complete: Sequence[TrialRecord], drawn: Sequence[TrialRecord], rows: Sequence[Row]
) -> str:
    of = "" if len(drawn) == len(complete) else f" of {len(complete):,}"
    return (
        f"{len(drawn):,}{of} complete trials as lines from their size and accuracy "
        f"through {counted(len(rows) - 2, 'gene')}. Where values are equal, the "
        "more accurate trials lie further right."
    )
