"""Trials beside themselves with other aggregations, as figures and tables."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from nas.errors import counted
from nas.report.ablated import Ablation, Switched, Variant
from nas.report.page.data import PageData
from nas.report.page.html import Column, listed, table, text, trial_button
from nas.report.page.layout import LEGEND, MARGIN
from nas.report.page.marks import CUSTOM, GREY, aggregation_marks
from nas.report.page.section import Figure, Section
from nas.report.page.text import in_figure, points
from nas.report.page.words import percent

_ROW_PIXELS: Final = 26

_KINDS: Final = {"tree": "hierarchical"}

_COLUMNS: Final = (
    Column(title="network"),
    Column(title="aggregations"),
    Column(title="parameters", number=True),
    Column(title="MACs", number=True),
    Column(title="seeds", number=True),
    Column(title="mean", number=True),
    Column(title="difference", number=True),
    Column(title="95 % interval", number=True),
    Column(title="p", number=True),
)


def ablation_section(data: PageData) -> Section | None:
    """Return what other aggregations cost at equal size, None where nobody asked."""
    if not data.ablations:
        return None
    html, more = [], []
    for found in data.ablations:
        html.append(
            f"<h3>Trial {trial_button(found.trial)}, "
            f"{text(counted(found.epochs, 'epoch'))}</h3>\n{listed(found.lines())}"
        )
        more.append(ablation_table(found))
    return Section(
        anchor="ablation",
        title="Other aggregations at the same size",
        html="".join(html),
        figures=tuple(
            ablation_figure(found, f"ablation-{place}")
            for place, found in enumerate(data.ablations, 1)
            if any(one.versus.difference is not None for one in found.switched)
        ),
        more="".join(more),
    )


def ablation_figure(found: Ablation, name: str) -> Figure:
    """Return a group of rows for each block: marks with intervals, zero the trial."""
    rows: list[tuple[int, Switched]] = []
    heads: list[tuple[int, str]] = []
    row = 0
    for block, several in groupby(found.switched, key=lambda one: one.block):
        heads.append((row, _head(found, block)))
        for one in several:
            row += 1
            rows.append((row, one))
        row += 1
    kinds = tuple(dict.fromkeys(one.now for _, one in rows))
    return Figure(
        name=name,
        data=[_trace(kind, [r for r in rows if r[1].now == kind]) for kind in kinds],
        layout={
            "xaxis": {
                "title": {"text": f"test {found.kind} less that of the trial, points"},
                "zeroline": True,
                "zerolinecolor": GREY,
                "zerolinewidth": 2,
                "nticks": 7,
            },
            "yaxis": {
                "tickvals": [place for place, _ in rows],
                "ticktext": [in_figure(_now(one), 20) for _, one in rows],
                "range": [row - 0.3, -0.7],
                "automargin": True,
                "fixedrange": True,
                "showgrid": False,
                "zeroline": False,
            },
            "annotations": [
                {
                    "text": f"<b>{in_figure(head, 40)}</b>",
                    "x": 0,
                    "xref": "paper",
                    "xanchor": "left",
                    "y": place,
                    "yanchor": "middle",
                    "showarrow": False,
                }
                for place, head in heads
            ],
            "hovermode": "closest",
            "legend": LEGEND,
            "margin": MARGIN,
        },
        words=f"Test {found.kind} of trial {found.trial} with other aggregations at "
        f"its size, less its own, over {counted(found.seeds, 'seed')}. Filled marks "
        "are told apart from it"
        + (
            "; intervals of 95 % hold all at once."
            if found.are_intervals
            else ": none, for there are no intervals."
        ),
        height=140 + _ROW_PIXELS * row,
    )


def _trace(kind: str, rows: Sequence[tuple[int, Switched]]) -> dict[str, Any]:
    known = _KINDS.get(kind, kind)
    mark = aggregation_marks((known,)).get(known, CUSTOM[0])
    placed = [(place, one) for place, one in rows if one.versus.difference is not None]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": in_figure(kind, 30),
        "x": [_in_points(one.versus.difference) for _, one in placed],
        "y": [place for place, _ in placed],
        "marker": {
            "color": mark.colour,
            "size": 12,
            "line": {"color": mark.colour, "width": 2},
            "symbol": [
                mark.symbol if one.versus.apart else f"{mark.symbol}-open"
                for _, one in placed
            ],
        },
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [_reach(one, one.versus.high) for _, one in placed],
            "arrayminus": [_reach(one, one.versus.low) for _, one in placed],
            "color": mark.colour,
            "thickness": 1.6,
            "width": 4,
        },
        "hoverinfo": "text",
        "hovertext": [in_figure(_line(one)) for _, one in placed],
        "cliponaxis": False,
    }


def _head(found: Ablation, block: int | None) -> str:
    if block is None:
        return "all blocks"
    return f"block {block}, {found.base.aggregations[block - 1]} in the trial"


def _now(one: Switched) -> str:
    return f"{one.now}{'*' if one.deeper else ''}"


def _line(one: Switched) -> str:
    instead = f" instead of {one.was}" if one.was else ""
    found = one.versus
    assert found.difference is not None
    told = f"{one.label}{instead}: {points(found.difference)} points"
    if found.low is not None and found.high is not None:
        told += f", {points(found.low)} to {points(found.high)}"
    return f"{told}; {one.variant.total.params:,} parameters"


def _in_points(difference: float | None) -> float | None:
    return None if difference is None else round(100 * difference, 6)


def _reach(one: Switched, end: float | None) -> float:
    """Return how far an interval reaches to one side; nowhere without any."""
    difference = one.versus.difference
    if end is None or difference is None:
        return 0.0
    return round(100 * abs(end - difference), 6)


def ablation_table(found: Ablation) -> str:
    """Return all networks of an ablation with their numbers, as HTML."""
    rows = [[*_cells(f"trial {found.trial}", found.base), "", "", ""]]
    rows += [
        [*_cells(f"{one.label}{'*' if one.deeper else ''}", one.variant), *_versus(one)]
        for one in found.switched
    ]
    caption = f"Trial {found.trial} and its variants, {counted(found.epochs, 'epoch')}"
    return table(_COLUMNS, rows, caption=caption)


def _cells(label: str, variant: Variant) -> Iterator[str]:
    about = variant.spread
    yield text(label)
    yield text(" ".join(variant.aggregations))
    yield f"{variant.total.params:,}"
    yield f"{variant.total.macs:,}"
    yield f"{len(variant.reached)}" + (
        f", {variant.failed} failed" if variant.failed else ""
    )
    yield "" if about is None else percent(about.mean)


def _versus(one: Switched) -> Iterator[str]:
    found = one.versus
    yield "" if found.difference is None else points(found.difference)
    if found.low is None or found.high is None or found.p is None:
        yield from ("", "")
        return
    yield f"{points(found.low)} to {points(found.high)}"
    yield "&lt;0.001" if found.p < 0.001 else f"{found.p:.3f}"
