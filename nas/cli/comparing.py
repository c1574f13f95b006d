"""Runs compared with each other, in words and tables."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from nas.cli.plain import plain_console
from nas.cli.render import percent
from nas.comparing import compare_runs
from nas.drawing.human import compact
from nas.errors import counted
from nas.report import Versus, front_rows, titles
from nas.report.duel import Best, Duel, Gap
from nas.report.versus import after_epochs, after_trials


def run_compare(path: Path, others: Sequence[Path], *, as_json: bool) -> None:
    """Compare a run with others; print and write what comes of it."""
    found, picture = compare_runs(path, others)
    if as_json:
        print(json.dumps(found.to_json(), indent=2))
        return
    console = plain_console()
    options: dict[str, Any] = {"highlight": False}
    at = found.reference
    console.print(_fronts(found))
    console.print()
    console.print(_hypervolumes(found))
    console.print(
        f"Hypervolume over the log of {titles([at.cost])}, from "
        f"{percent(at.accuracy)} and {at.cost.phrase(at.most)} ({at.name}).",
        **options,
    )
    for duel in found.duels:
        console.print()
        _print_duel(console, duel)
    console.print()
    for line in found.notes:
        console.print(line, **options)
    if found.differences:
        console.print("Not asked alike:", **options)
        for line in found.differences:
            console.print(f"  {line}", **options)
    console.print(f"\npicture  {picture}", soft_wrap=True, **options)


def _fronts(found: Versus) -> Table:
    """Return all fronts in one table, cheapest network first."""
    table = _titled("Fronts: accuracy against " + titles(found.costs))
    table.add_column("run", overflow="fold", min_width=6)
    further = [cost for cost in found.costs if cost.name != "params"]
    for name in ("trial", "accuracy", "parameters", *(c.label for c in further)):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("beaten by", overflow="fold")
    table.add_column("blocks", overflow="fold")
    first = found.costs[0]
    members = [
        (first.of(record) or 0, record.trial, side, record, row)
        for side in found.sides
        for row, record in zip(front_rows(side.front), side.front, strict=True)
    ]
    for _, _, side, record, row in sorted(members, key=lambda member: member[0]):
        rival = found.beaten(side, record)
        table.add_row(
            side.name,
            str(record.trial),
            percent(row.accuracy),
            f"{record.params:,}",
            *(cost.write(cost.of(record) or 0) for cost in further),
            "" if rival is None else f"{rival[0].name} {rival[1]}",
            row.aggregations,
        )
    return table


def _hypervolumes(found: Versus) -> Table:
    table = _titled("Hypervolumes")
    table.add_column("run", overflow="fold")
    counts = ((found.trials, "trial"), (found.epochs, "epoch"))
    same = [f"after {counted(number, what)}" for number, what in counts]
    for name in ("trials", "epochs", "failed", "unbeaten", "all", *same):
        table.add_column(name, justify="right")
    for side, steps in zip(found.sides, found.courses, strict=True):
        free = sum(found.beaten(side, record) is None for record in side.front)
        areas = (
            after_trials(steps, len(steps)),
            after_trials(steps, found.trials),
            after_epochs(steps, found.epochs),
        )
        table.add_row(
            side.name,
            f"{len(side.records):,}",
            f"{steps[-1].epochs if steps else 0:,}",
            f"{sum(record.status == 'failed' for record in side.records):,}",
            f"{free} of {len(side.front)}",
            *(f"{area:.4g}" for area in areas),
        )
    return table


def _print_duel(console: Console, duel: Duel) -> None:
    table = _titled("The best of at most so many parameters")
    table.add_column("size", justify="right")
    table.add_column(duel.name, justify="right", overflow="fold")
    table.add_column(duel.other, justify="right", overflow="fold")
    table.add_column("points apart", justify="right")
    table.add_column("95 %", justify="right")
    for gap in duel.gaps:
        both = (gap.ours, gap.theirs)
        if any(both):
            table.add_row(compact(gap.most), *map(_best, both), *_apart(gap))
    console.print(table)
    console.print(duel.verdict, highlight=False)


def _best(best: Best | None) -> str:
    if best is None:
        return "none"
    return f"{percent(best.accuracy)} (trial {best.trial})"


def _apart(gap: Gap) -> tuple[str, str]:
    if gap.difference is None:
        return "", ""
    points, half = 100 * gap.difference, gap.half
    if half is None:
        return f"{points:+.2f}", "not known"
    return f"{points:+.2f}", f"{points - 100 * half:+.2f} to {points + 100 * half:+.2f}"


def _titled(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=None)
