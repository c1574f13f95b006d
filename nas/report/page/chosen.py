"""What the trials chose: the share of each aggregation at each block."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from nas.errors import counted
from nas.records import TrialRecord
from nas.report.page.data import PageData
from nas.report.page.html import Column, table
from nas.report.page.layout import LEGEND, MARGIN
from nas.report.page.marks import aggregation_marks
from nas.report.page.section import Figure, Section
from nas.report.page.text import in_figure, in_line

_GENE: Final = re.compile(r"block(\d+)\.aggregation")
_ROW_PIXELS: Final = 26

Counts = Mapping[tuple[int, str], Counter[str]]
"""How many trials chose what, by the block and by whose the trials are."""


def chosen_section(data: PageData) -> Section | None:
    """Return which aggregations were chosen, by all complete trials and on the front.

    Returns:
        None where trials have no choice of these.
    """
    front = data.summary.front
    complete = [r for r in data.summary.records if r.status == "complete"]
    groups = {"all": _counts(complete), "front": _counts(front)}
    blocks = sorted(groups["all"])
    names = tuple(
        sorted({name for found in groups["all"].values() for name in found}, key=_order)
    )
    if len(names) < 2:
        return None
    words = _words(groups, blocks, len(front))
    figure = Figure(
        name="chosen",
        data=_traces(groups, blocks, names),
        layout=_layout(blocks),
        words=words,
        height=140 + 2 * _ROW_PIXELS * len(blocks),
    )
    return Section(
        anchor="chosen",
        title="What the trials chose",
        figures=(figure,),
        more=_table(groups, blocks, names),
    )


def _order(name: str) -> tuple[int, str]:
    known = ("sum", "concat", "hierarchical")
    return (known.index(name) if name in known else len(known), name)


def _counts(records: Sequence[TrialRecord]) -> dict[int, Counter[str]]:
    found: dict[int, Counter[str]] = {}
    for record in records:
        for gene, value in (record.genes or {}).items():
            if match := _GENE.fullmatch(gene):
                found.setdefault(int(match[1]), Counter())[str(value)] += 1
    return found


def _traces(
    groups: Mapping[str, Mapping[int, Counter[str]]],
    blocks: Sequence[int],
    names: tuple[str, ...],
) -> list[dict[str, Any]]:
    rows = [(block, whose) for block in blocks for whose in groups]
    marks = aggregation_marks(names)
    traces = []
    for name in names:
        own, totals = [], []
        for block, whose in rows:
            counts = groups[whose].get(block, Counter())
            own.append(counts[name])
            totals.append(counts.total())
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": in_figure(name, 30),
                "x": [
                    round(n / total, 6) if total else 0
                    for n, total in zip(own, totals, strict=True)
                ],
                "y": list(range(len(rows))),
                "width": 0.8,
                "marker": {
                    "color": marks[name].colour,
                    "line": {"color": marks[name].colour, "width": 1},
                    "pattern": {"shape": marks[name].pattern, "size": 6},
                },
                "hoverinfo": "text",
                "hovertext": [
                    f"block {block}, {_whose(whose)}: {in_figure(name, 30)} in "
                    f"{n:,} of {counted(total, 'trial')}"
                    for (block, whose), n, total in zip(rows, own, totals, strict=True)
                ],
            }
        )
    return traces


def _whose(group: str) -> str:
    return "all" if group == "all" else "front"


def _layout(blocks: Sequence[int]) -> dict[str, Any]:
    labels = [
        label
        for block in blocks
        for label in (f"block {block}, all", f"block {block}, front")
    ]
    return {
        "barmode": "stack",
        "xaxis": {
            "title": {"text": "share of the trials"},
            "tickformat": "~%",
            "range": [0, 1],
            "dtick": 0.25,
            "fixedrange": True,
            "showgrid": False,
        },
        "yaxis": {
            "tickvals": list(range(len(labels))),
            "ticktext": labels,
            "ticks": "outside",
            "ticklen": 6,
            "tickcolor": "rgba(0,0,0,0)",
            "range": [len(labels) - 0.4, -0.6],
            "automargin": True,
            "fixedrange": True,
            "showgrid": False,
        },
        "hovermode": "closest",
        "legend": LEGEND,
        "margin": {**MARGIN, "r": 28},
    }


def _words(
    groups: Mapping[str, Mapping[int, Counter[str]]],
    blocks: Sequence[int],
    on_front: int,
) -> str:
    everyone, front = groups["all"], groups["front"]
    trials = max(everyone[block].total() for block in blocks)
    total = Counter[str]()
    best = Counter[str]()
    for block in blocks:
        total += everyone[block]
        best += front.get(block, Counter())
    names, most = _leaders(total)
    said = (
        f"Of the blocks of {counted(trials, 'complete trial')}, "
        f"{100 * most / total.total():.0f} % have {names}"
    )
    if best:
        ahead, leading = _leaders(best)
        said += (
            f"; of those on the front ({counted(on_front, 'trial')}), "
            f"{100 * leading / best.total():.0f} % have {ahead}"
        )
    return f"{said}. Trials of a sampler that learns choose more of what did well."


def _leaders(found: Counter[str]) -> tuple[str, int]:
    """Return who leads, in words, and with how many; several at a tie."""
    most = max(found.values())
    first, *others = sorted((n for n in found if found[n] == most), key=_order)
    if not others:
        return f"{in_line(first)}, more than any other", most
    return f"{in_line(first)}, and as many {', '.join(map(in_line, others))}", most


def _table(
    groups: Mapping[str, Mapping[int, Counter[str]]],
    blocks: Sequence[int],
    names: tuple[str, ...],
) -> str:
    columns = [Column(title="block"), Column(title="trials")]
    columns += [Column(title=in_line(name, 30), number=True) for name in names]
    rows = [
        (
            str(block),
            _whose(whose),
            *(f"{found.get(block, Counter())[name]:,}" for name in names),
        )
        for block in blocks
        for whose, found in groups.items()
    ]
    return table(columns, rows, caption="Aggregations chosen at each block")
