"""Runs as a table, the latest first."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from rich.cells import cell_len
from rich.table import Table

from nas.cli.plain import plain_console
from nas.cli.render import percent
from nas.drawing import human
from nas.drawing.human import compact
from nas.errors import counted
from nas.listing import Listed, list_runs

_WIDE: Final = 100
"""Columns of a terminal from which there is room for when a run has changed."""

_FIRST: Final = 2
"""So many columns of the table are there on the narrowest terminal."""

_AROUND: Final = 2
"""Spaces around the cells of a column."""


def run_list(folder: Path, *, as_json: bool) -> None:
    """Print the runs in a folder."""
    runs = list_runs(folder)
    kinds = list(dict.fromkeys(run.same for run in runs if run.same))
    if as_json:
        known = [run.to_json() | {"comparable": _kind(run, kinds)} for run in runs]
        print(json.dumps(known, indent=2))
        return
    console = plain_console()
    options: dict[str, Any] = {"soft_wrap": True, "highlight": False}
    if not runs:
        console.print(f"no runs in {folder}; 'nas search' makes one", **options)
        return
    columns = list(_columns(runs, kinds, wide=console.width >= _WIDE))
    ends = list(accumulate(column.width for column in columns))
    fitting = max(_FIRST, sum(end <= console.width for end in ends))
    console.print(_table(columns[:fitting]))
    if left_out := columns[fitting:]:
        names = ", ".join(column.name for column in left_out)
        console.print(f"A wider terminal shows {names}.", highlight=False)
    for run in runs:
        if run.problem is not None:
            console.print(f"{_name(run.path)}: {run.problem}", **options)
    if len(kinds) > 1:
        console.print(
            "Hypervolumes compare where they have the same number behind them: there "
            "the data, the budget and the reference point are the same.",
            highlight=False,
        )


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the table; a cell is ``least`` characters wide at the least."""

    name: str
    cells: Sequence[str]
    least: int | None = None

    @property
    def width(self) -> int:
        """What it needs, with the room around it."""
        whole = max(map(cell_len, (self.name, *self.cells)))
        return _AROUND + (whole if self.least is None else min(self.least, whole))


def _columns(
    runs: Sequence[Listed], kinds: Sequence[tuple[Any, ...]], *, wide: bool
) -> Iterator[_Column]:
    now = datetime.now(UTC)
    states = [
        run.state + (f", {run.failed:,} failed" if run.failed else "") for run in runs
    ]
    words = [word for state in states for word in state.split()]
    budgets = [run.max_params for run in runs]
    yield _Column("run", [_name(run.path) for run in runs], least=12)
    yield _Column("state", states, least=max(map(len, words)))
    # The data may be a long path.
    yield _Column("data", [Path(run.data or "").name for run in runs], least=6)
    yield _Column("budget", ["" if n is None else compact(n) for n in budgets])
    yield _Column("trials", [_trials(run) for run in runs])
    yield _Column("best", [_best(run)[0] for run in runs])
    yield _Column("size", [_best(run)[1] for run in runs])
    name = "hypervolume" if wide else "volume"
    yield _Column(name, [_hypervolume(run, kinds) for run in runs])
    if wide:
        ages = [(now - run.changed).total_seconds() for run in runs]
        yield _Column("changed", [_ago(age) for age in ages])


def _table(columns: Sequence[_Column]) -> Table:
    table = Table(box=None)
    for column in columns:
        if column.least is None:
            table.add_column(column.name, justify="right", no_wrap=True)
        else:
            least = column.width - _AROUND
            table.add_column(column.name, overflow="fold", min_width=least)
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*row)
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
    kind = f" #{_kind(run, kinds)}" if len(kinds) > 1 else ""
    return f"{run.hypervolume:.4g}{kind}"


def _kind(run: Listed, kinds: Sequence[tuple[Any, ...]]) -> int | None:
    """Return the number that runs share whose hypervolumes compare, if there is one."""
    return kinds.index(run.same) + 1 if run.same else None


def _ago(seconds: float) -> str:
    """Return a time that has passed in words: '5 minutes ago'."""
    for name, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return f"{counted(int(seconds // length), name)} ago"
    return "just now"
