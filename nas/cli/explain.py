"""What accuracy at equal size goes by, as tables and in words."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rich.table import Table
from rich.text import Text

from nas.cli.plain import plain_console
from nas.report import AggregationEffect, Explanation
from nas.report.words import interval, points, position
from nas.run import Run

_GENES: Final = 10
"""Of more of them, those that matter least are left out."""

_LEGEND: Final = (
    "* established; ? too few trials to say. A gene is established where its share is "
    "more than any gene had by chance; its interval is another thing, what 90 % of the "
    "trees say. Below a difference stand its interval and how many trials have the one "
    "and the other, for all blocks where fewest have it.\n"
)


def run_explain(path: Path, *, arm: str | None, as_json: bool) -> None:
    """Print an explanation of a run."""
    found = Run(path).explanation(arm)
    if as_json:
        print(json.dumps(found.to_json(), indent=2))
        return
    console = plain_console()
    tables = [*_importances(found), *_effects(found)]
    for table in tables:
        console.print(table, highlight=False)
        console.print()
    if tables:
        console.print(_LEGEND, highlight=False)
    for text in (found.words, *found.notes):
        console.print(text, highlight=False)


def _importances(found: Explanation) -> Iterator[Table]:
    if not found.importances:
        return
    table = _table("Genes: shares of what accuracy varies at equal size, beyond chance")
    for name in ("gene", "share", "90 % interval", "trials that use it"):
        table.add_column(name, justify="left" if name == "gene" else "right")
    for one in found.importances[:_GENES]:
        table.add_row(
            Text(one.gene, overflow="fold"),
            _starred(_percent(one.value), one.established),
            f"{_percent(one.low)} to {_percent(one.high)}",
            f"{one.trials:,}",
        )
    yield table


def _effects(found: Explanation) -> Iterator[Table]:
    """Yield a table for each pair of aggregations, blocks by bands of size."""
    bands = (None, *found.bands)
    cells = {(e.one, e.other, e.block, e.band): e for e in found.effects}
    blocks = dict.fromkeys(e.block for e in found.effects)
    for one, other in dict.fromkeys((e.one, e.other) for e in found.effects):
        pair = [e for e in found.effects if (e.one, e.other) == (one, other)]
        if all(effect.difference is None for effect in pair):
            continue
        table = _table(f"{one} against {other}: points of accuracy at equal size")
        table.add_column("")
        for band in bands:
            name = "all sizes" if band is None else band.label.replace(" to ", " to\n")
            table.add_column(name, justify="right")
        for block in blocks:
            row = [cells.get((one, other, block, band)) for band in bands]
            known = [effect for effect in row if effect is not None]
            table.add_row(position(known[0]), *map(_cell, row))
        yield table


def _cell(effect: AggregationEffect | None) -> Text:
    """Return a difference, its interval, and how many trials are behind it."""
    if effect is None:
        return Text("")
    behind = Text(f"{effect.trials_one:,} and {effect.trials_other:,}", style="dim")
    if effect.difference is None:
        return Text("\n").join([Text("?"), Text(""), behind])
    said = _starred(points(effect.difference), effect.established)
    return Text("\n").join([said, Text(interval(effect)), behind])


def _table(title: str) -> Table:
    return Table(
        title=title, title_justify="left", title_style="bold", box=None, padding=(0, 1)
    )


def _starred(text: str, established: bool) -> Text:
    return Text(f"{text}*", style="bold") if established else Text(text)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
