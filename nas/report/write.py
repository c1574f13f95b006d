"""The report of a run in a folder: its front in three forms, and what its data are."""

import csv
import json
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from nas.records import TrialRecord
from nas.report.costs import COSTS, CostAxis
from nas.report.courses import draw_courses
from nas.report.effects import Effects
from nas.report.figure import draw_front
from nas.report.latencies import Latencies, LatencyRow, comparable, latency_rows
from nas.report.stops import TrialRow, stopped, trial_rows
from nas.report.summary import Summary
from nas.report.tables import FrontRow


def write_report(
    summary: Summary,
    folder: Path,
    *,
    title: str,
    max_params: int | None = None,
    epochs: int | None = None,
    data: Mapping[str, Any] | None = None,
    effects: Effects | None = None,
    latencies: Latencies | None = None,
) -> None:
    """Write ``front.csv``, ``front.json``, ``front.png`` and ``summary.json``.

    ``front.png`` is of the first cost of the search, those of others have the cost's
    name in theirs. A run with a baseline gets ``hypervolume.png``, too, and
    ``trials.csv`` has a row for every trial where some were stopped early. Whoever
    reads a file meanwhile sees its old or its new content, never a part.

    Args:
        summary: of the run.
        folder: is made when it does not exist.
        title: stands over the picture: the data, the recipe.
        max_params: the budget, drawn into the picture.
        epochs: of a whole training.
        data: the facts about the data, which go to ``data.json``.
        effects: what accuracy goes by, which goes to ``effects.json``.
        latencies: of trials of the front, which go to ``latency.csv`` and, as far as
            they can be compared, to ``latency.png``; not where latency is a cost of
            the search, for then ``front-latency.png`` or ``front.png`` shows it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with replaced(folder / "front.csv") as path:
        write_csv(path, FrontRow, summary.rows())
    if epochs is not None and stopped(summary.records):
        with replaced(folder / "trials.csv") as path:
            write_csv(path, TrialRow, trial_rows(summary.records, epochs))
    write_json(folder / "front.json", summary.front_json())
    write_json(folder / "summary.json", summary.to_json())
    if data is not None:
        write_json(folder / "data.json", data)
    if effects is None:
        (folder / "effects.json").unlink(missing_ok=True)
    else:
        write_json(folder / "effects.json", effects.to_json())
    timed = latency_rows(summary.front, latencies or {})
    if timed:
        with replaced(folder / "latency.csv") as path:
            write_csv(path, LatencyRow, timed)
    else:
        (folder / "latency.csv").unlink(missing_ok=True)
        (folder / "latency.png").unlink(missing_ok=True)
    # Pictures come last: of all this, they are what most often cannot be made.
    with warnings.catch_warnings():
        # The title may be in letters that the font does not have.
        warnings.simplefilter("ignore", UserWarning)
        _draw(summary, folder, title, max_params)
        if COSTS["latency"] in summary.costs:  # a picture of it is there already
            (folder / "latency.png").unlink(missing_ok=True)
        elif timed:
            _draw_latencies(comparable(summary.front, latencies or {}), folder, title)


def _draw(summary: Summary, folder: Path, title: str, max_params: int | None) -> None:
    for cost in summary.costs:
        with replaced(folder / picture_name(cost, summary.costs)) as path:
            draw_front(
                summary.records,
                path,
                title=title,
                max_params=max_params,
                costs=summary.costs,
                cost=cost,
            )
    if summary.comparison is not None:
        with replaced(folder / "hypervolume.png") as path:
            draw_courses(
                summary.comparison, path, title=title, reference=summary.reference
            )


def _draw_latencies(timed: Sequence[TrialRecord], folder: Path, title: str) -> None:
    latency = timed[0].latency
    assert latency is not None
    where = f"{latency.setting.machine}, batches of {latency.batch_size}"
    axis = COSTS["latency"]
    with replaced(folder / "latency.png") as path:
        draw_front(timed, path, title=f"{title}; {where}", costs=(axis,), cost=axis)


def picture_name(cost: CostAxis, costs: Sequence[CostAxis]) -> str:
    """Return the name of the picture of the front against one of the costs."""
    return "front.png" if cost == costs[0] else f"front-{cost.name}.png"


def write_json(path: Path, data: Any) -> None:
    """Write JSON that people can read; the file has its old content until the end."""
    with replaced(path) as unfinished:
        unfinished.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def write_csv(path: Path, kind: type[Any], rows: Iterable[Any]) -> None:
    """Write instances of a dataclass as a table, a column for each field."""
    with path.open("w", encoding="utf-8", newline="") as file:
        names = [field.name for field in fields(kind)]
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that takes its place when all went well."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
