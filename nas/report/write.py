"""The report of a run in a folder: its front in three forms, and what its data are."""

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from nas.records import TrialRecord
from nas.report.figure import draw_front
from nas.report.front import pareto_front
from nas.report.stops import TrialRow, stopped, trial_rows
from nas.report.tables import FrontRow, front_json, front_rows


def write_report(
    records: Iterable[TrialRecord],
    folder: Path,
    *,
    title: str,
    max_params: int | None = None,
    epochs: int | None = None,
    data: Mapping[str, Any] | None = None,
) -> tuple[TrialRecord, ...]:
    """Write ``front.csv``, ``front.json`` and ``front.png``; return the front.

    Where trials were stopped early, ``trials.csv`` has a row for every trial.

    Whoever reads a file meanwhile sees its old or its new content, never a part.

    Args:
        records: every finished trial of the run, failed ones included.
        folder: is made when it does not exist.
        title: stands over the picture: the data, the recipe.
        max_params: the budget, drawn into the picture.
        epochs: of a whole training.
        data: the facts about the data, which go to ``data.json``.
    """
    records = tuple(records)
    front = pareto_front(records)
    folder.mkdir(parents=True, exist_ok=True)
    with _replaced(folder / "front.csv") as path:
        _write_csv(path, FrontRow, front_rows(front))
    if epochs is not None and stopped(records):
        with _replaced(folder / "trials.csv") as path:
            _write_csv(path, TrialRow, trial_rows(records, epochs))
    with _replaced(folder / "front.json") as path:
        text = json.dumps(front_json(front), indent=2)
        path.write_text(text + "\n", encoding="utf-8")
    with _replaced(folder / "front.png") as path:
        draw_front(records, path, title=title, max_params=max_params)
    if data is not None:
        with _replaced(folder / "data.json") as path:
            path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    return front


def _write_csv(
    path: Path, kind: type[Any], rows: Iterable[FrontRow] | Iterable[TrialRow]
) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        names = [field.name for field in fields(kind)]
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


@contextmanager
def _replaced(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that takes its place when all went well."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
