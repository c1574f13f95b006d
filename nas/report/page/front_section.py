"""What came out, for a person in a hurry, and the networks of the front."""

from collections.abc import Iterator
from typing import Final

from nas.drawing import human, svg, thumbnail
from nas.errors import counted
from nas.records import TrialRecord
from nas.report.costs import CostAxis
from nas.report.front import best
from nas.report.page.data import PageData
from nas.report.page.front_figure import front_figures
from nas.report.page.html import Column, listed, table, text, trial_button
from nas.report.page.section import Section
from nas.report.page.words import long_name, percent
from nas.report.summary import Certainty
from nas.report.tables import FrontRow

_WITHIN: Final = 0.01
"""A network that is this close to the best one is about as good."""

_MOST_ROWS: Final = 60

_HOW: Final = (
    '<p class="how">Point at a dot, or tap it, for the card of its trial. With the '
    "figure in focus the arrow keys go along the dots; Escape closes the card.</p>\n"
)


def front_section(data: PageData) -> Section:
    """Return the front in words and figures."""
    found = data.summary
    title = "What came out"
    if not found.front:
        html = (
            "<p>No trial is complete, so there is no front. "
            f"{text(_what_happened(data))}</p>\n"
        )
        return Section(anchor="front", title=title, html=html)
    return Section(
        anchor="front",
        title=title,
        html=_lead(data) + _HOW,
        figures=tuple(front_figures(data)),
    )


def networks_section(data: PageData) -> Section | None:
    """Return the front as a table with pictures; None where there is no front."""
    found = data.summary
    if not found.front:
        return None
    notes = [*found.notes]
    if found.beside:
        some = ", ".join(f"{trial} ({100 * p:.0f} %)" for trial, p in found.beside)
        notes.append(f"Not on the front, but well may belong there: trial {some}.")
    if len(found.front) > _MOST_ROWS:
        notes.append(
            f"The table has {_MOST_ROWS} of {len(found.front)} networks, evenly "
            "spread; front.csv has all."
        )
    return Section(
        anchor="networks",
        title="Networks of the front",
        html=_table(data) + listed(notes),
    )


def _what_happened(data: PageData) -> str:
    records = data.summary.records
    if not records:
        return "Nothing was trained so far; 'nas resume' goes on."
    failed = [record for record in records if record.status == "failed"]
    if not failed:
        return f"{counted(len(records), 'trial')} so far; 'nas resume' goes on."
    last = failed[-1]
    return (
        f"{len(failed):,} of {counted(len(records), 'trial')} failed, "
        f"the last one with: {last.error}"
    )


def _lead(data: PageData) -> str:
    costs = data.summary.costs
    top = best(data.summary.front, costs=costs)
    assert top is not None
    assert top.accuracy is not None
    images = data.facts.get("validation")
    words = (
        f"The most accurate network is trial {trial_button(top.trial)}: "
        f"<strong>{percent(top.accuracy)}</strong>"
    )
    again = data.repeats.get(top.trial)
    if again is not None and again.complete:
        words += f", the mean of {counted(again.complete, 'repeat')},"
    words += (
        f" of {images:,} validation images, with {top.params:,} parameters and "
        f"{human(top.macs)} MACs."
    )
    linear = data.facts.get("baselines", {}).get("linear")
    if linear is not None and linear["accuracy"] >= top.accuracy:
        words += (
            f" <strong>A linear model on the pixels does no worse: "
            f"{percent(linear['accuracy'])}.</strong>"
        )
    small = _about_as_good(data.summary.front, top, costs)
    if small is not None and small.accuracy is not None:
        words += (
            f" Within a percentage point of it, trial {trial_button(small.trial)} "
            f"needs {small.params:,} parameters, "
            f"<strong>{_times(top.params / small.params)} fewer</strong>, "
            f"and reaches {percent(small.accuracy)}."
        )
    return f'<p class="lead">{words}</p>\n'


def _about_as_good(
    front: tuple[TrialRecord, ...], top: TrialRecord, costs: tuple[CostAxis, ...]
) -> TrialRecord | None:
    """Return the smallest that is about as accurate, and no worse in any cost."""
    assert top.accuracy is not None
    near = [
        record
        for record in front
        if record.accuracy is not None
        and record.accuracy >= top.accuracy - _WITHIN
        and record.params < top.params
        and all((c.of(record) or 0.0) <= (c.of(top) or 0.0) for c in costs)
    ]
    return min(near, key=lambda record: record.params, default=None)


def _times(ratio: float) -> str:
    if ratio < 1.95:
        return f"{100 * (1 - 1 / ratio):.0f}\N{NO-BREAK SPACE}%"
    return f"{ratio:.1f} times"


def _table(data: PageData) -> str:
    found = data.summary
    further = [cost for cost in found.costs if cost.name == "latency"]
    columns = [
        Column(title="trial", number=True),
        Column(title="network"),
        Column(title="accuracy", number=True),
        Column(title="parameters", number=True),
        Column(title="MACs", number=True),
        *(Column(title=cost.label, number=True) for cost in further),
        Column(title="blocks"),
    ]
    several = any(one.not_told_apart for one in found.certainties)
    if several:
        columns.append(Column(title="not told from"))
    chosen = list(zip(found.front, found.rows(), found.certainties, strict=True))
    if len(chosen) > _MOST_ROWS:
        step = (len(chosen) - 1) / (_MOST_ROWS - 1)
        chosen = [chosen[round(i * step)] for i in range(_MOST_ROWS)]
    rows = []
    for record, row, one in chosen:
        cells = [
            trial_button(record.trial),
            f'<span class="net">{svg(thumbnail(record.architecture))}</span>',
            _reached(record, one),
            f"{record.params:,}",
            human(record.macs),
            *(cost.write(cost.of(record) or 0.0) for cost in further),
            "".join(_blocks(row)),
        ]
        if several:
            cells.append(" ".join(map(trial_button, one.not_told_apart)) or "&ndash;")
        rows.append(cells)
    return table(columns, rows, caption="The networks that no other trial beats")


def _reached(record: TrialRecord, one: Certainty) -> str:
    assert record.accuracy is not None
    words = f"<strong>{percent(record.accuracy)}</strong>"
    again = one.repeats
    if again is None or again.mean is None:
        return f"{words}<small>trained once</small>"
    if again.low is not None and again.high is not None:
        low, high = 100 * again.low, 100 * again.high
        words += f"<small>{low:.2f} to {high:.2f}</small>"
    return f"{words}<small>{counted(again.complete, 'repeat')}</small>"


def _blocks(row: FrontRow) -> Iterator[str]:
    """Yield a line for each block: how it aggregates what, how often, how wide."""
    each = zip(
        *(
            part.split()
            for part in (row.aggregations, row.units, row.depths, row.widths)
        ),
        strict=True,
    )
    for aggregation, unit, depth, width in each:
        kind = text(long_name(aggregation))
        yield (
            f'<span class="block"><span class="kind" data-kind="{kind}">{kind}</span> '
            f"{depth}\N{MULTIPLICATION SIGN}{text(unit)} {width}</span>"
        )
