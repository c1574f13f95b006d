"""Runs as a table, the latest first."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from nas.cli.plain import plain_console
from nas.cli.render import percent
from nas.drawing import human
from nas.drawing.human import compact
from nas.errors import counted
from nas.listing import Listed, list_runs

_WIDE: Final = 100
"""Columns of a terminal from which there is room for when a run has changed."""


def run_list(folder: Path, *, as_json: bool) -> None:
    """Print the runs in a folder."""
    runs = list_runs(folder)
    if as_json:
        print(json.dumps([run.to_json() for run in runs], indent=2))
        return
    console = plain_console()
    options: dict[str, Any] = {"soft_wrap": True, "highlight": False}
    if not runs:
        console.print(f"no runs in {folder}; 'nas search' makes one", **options)
        return
    kinds = list(dict.fromkeys(run.same for run in runs if run.same))
    console.print(_table(runs, kinds, wide=console.width >= _WIDE))
    for run in runs:
        if run.problem is not None:
            console.print(f"{_name(run.path)}: {run.problem}", **options)
    if len(kinds) > 1:
        console.print(
            "Hypervolumes compare where they have the same number behind them: there "
            "the data, the budget and the reference point are the same.",
            highlight=False,
        )


def _table(
    runs: Sequence[Listed], kinds: Sequence[tuple[Any, ...]], *, wide: bool
) -> Table:
    now = datetime.now(UTC)
    table = Table(box=None)
    table.add_column("run", overflow="fold", min_width=12)
    table.add_column("state", min_width=10)
    table.add_column("data", overflow="fold", min_width=6)
    further = ["hypervolume", "changed"] if wide else ["volume"]
    for name in ("budget", "trials", "best", "size", *further):
        table.add_column(name, justify="right", no_wrap=True)
    for run in runs:
        lost = f", {run.failed:,} failed" if run.failed else ""
        table.add_row(
            _name(run.path),
            f"{run.state}{lost}",
            Path(run.data or "").name,  # of what may be a long path
            "" if run.max_params is None else compact(run.max_params),
            _trials(run),
            *_best(run),
            _hypervolume(run, kinds),
            *([_ago((now - run.changed).total_seconds())] if wide else []),
        )
    return table


def _name(path: Path) -> str:
    return path.name or path.resolve().name  # the current folder has no name


def _trials(run: Listed) -> str:
    if run.asked is None:
        return ""
    return f"{'?' if run.finished is None else f'{run.finished:,}'}/{run.asked:,}"


def _best(run: Listed) -> tuple[str, str]:
    top = run.best
    if top is None or top.accuracy is None:
        return "", ""
    return percent(top.accuracy), human(top.params)


def _hypervolume(run: Listed, kinds: Sequence[tuple[Any, ...]]) -> str:
    if run.hypervolume is None:
        return ""
    kind = f" #{kinds.index(run.same) + 1}" if len(kinds) > 1 else ""
    return f"{run.hypervolume:.4g}{kind}"


def _ago(seconds: float) -> str:
    """Return a time that has passed in words: '5 minutes ago'."""
    for name, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return f"{counted(int(seconds // length), name)} ago"
    return "just now"
