"""Repeats and beliefs in the run folder."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from nas.errors import UNREADABLE, RunError
from nas.noise import Beliefs, Repeat
from nas.records import TrialRecord
from nas.report import has_accuracy
from nas.search.checked import json_data, trial_number
from nas.search.files import write_json
from nas.search.run import RunFolder

_RESULT: Final = "result.json"
_WEIGHTS: Final = "weights.safetensors"


def repeat_path(run: RunFolder, trial: int, number: int) -> Path:
    """Return the folder of a repeat, inside that of its trial."""
    return run.trial_path(trial) / "repeats" / str(number)


def start_repeat(run: RunFolder, trial: int, number: int) -> Path:
    """Make the empty folder of a repeat and return it."""
    folder = repeat_path(run, trial, number)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def finish_repeat(run: RunFolder, repeat: Repeat) -> None:
    """Keep a finished repeat, without its weights: the trial's are what is exported."""
    folder = repeat_path(run, repeat.trial, repeat.number)
    # First: nobody would remove them later, should a kill come in between.
    (folder / _WEIGHTS).unlink(missing_ok=True)
    write_json(folder / _RESULT, repeat.to_json())


def read_repeats(run: RunFolder) -> dict[int, tuple[Repeat, ...]]:
    """Return the finished repeats of every trial that has any, by its number.

    Raises:
        RunError: when one cannot be read.
    """
    try:
        trials = os.listdir(run.trials_path)  # noqa: PTH208 - a Path is slow
    except FileNotFoundError:
        return {}
    found = {}
    for name in sorted(trials):
        if (trial := trial_number(name)) is None:
            continue
        try:
            numbers = os.listdir(f"{run.trials_path}/{name}/repeats")  # noqa: PTH208
        except (FileNotFoundError, NotADirectoryError):
            continue
        paths = [
            run.trials_path / name / "repeats" / number / _RESULT
            for number in sorted(filter(str.isdigit, numbers), key=int)
        ]
        repeats = [_repeat(path) for path in paths if path.is_file()]
        if repeats:
            found[trial] = tuple(repeats)
    return found


def spoilt_files(run: RunFolder) -> Iterator[tuple[Path, str]]:
    """Yield results of repeats and beliefs that cannot be read, with what to do."""
    for path in sorted(run.trials_path.glob(f"*/repeats/*/{_RESULT}")):
        if trial_number(path.parents[2].name) is None or not path.parent.name.isdigit():
            continue
        try:
            _repeat(path)
        except RunError:
            yield path, "'nas repeat' trains it again"
    for path in sorted(run.trials_path.glob("*/promoted.json")):
        if not _is_promotion(path):
            yield path, "'nas resume' decides again"
    path = _beliefs_path(run)
    if path.exists():
        try:
            Beliefs.from_json(json_data(path.read_bytes()))
        except UNREADABLE:
            yield path, "'nas resume' makes it anew"


def _is_promotion(path: Path) -> bool:
    try:
        return type(json_data(path.read_bytes())["epochs"]) is int
    except UNREADABLE:
        return False


def write_beliefs(run: RunFolder, beliefs: Beliefs) -> None:
    """Keep the beliefs that the results so far have led to."""
    write_json(_beliefs_path(run), beliefs.to_json())


def read_beliefs(
    run: RunFolder,
    records: Sequence[TrialRecord],
    repeats: Mapping[int, Sequence[Repeat]],
) -> Beliefs | None:
    """Return the beliefs of a run, None when there are none about just these results.

    Raises:
        RunError: when they cannot be read.
    """
    path = _beliefs_path(run)
    if not path.exists():
        return None
    try:
        beliefs = Beliefs.from_json(json_data(path.read_bytes()))
    except UNREADABLE as error:
        raise RunError(
            f"{path}: cannot be read: {error}; 'nas repair {run.path}' sets it aside"
        ) from None
    counts = num_complete(records, repeats)
    return beliefs if (beliefs.trials, beliefs.repeats) == counts else None


def num_complete(
    records: Iterable[TrialRecord], repeats: Mapping[int, Sequence[Repeat]]
) -> tuple[int, int]:
    """Return how many trials and how many repeats have an accuracy."""
    again = (repeat for several in repeats.values() for repeat in several)
    return (
        sum(map(has_accuracy, records)),
        sum(repeat.accuracy is not None for repeat in again),
    )


def _beliefs_path(run: RunFolder) -> Path:
    return run.path / "beliefs.json"


def _repeat(path: Path) -> Repeat:
    try:
        return Repeat.from_json(json_data(path.read_bytes()))
    except UNREADABLE as error:
        raise RunError(
            f"{path}: cannot be read: {error}; 'nas repair' sets it aside, and "
            "'nas repeat' trains it again"
        ) from None
