"""Whether the files of a run agree with each other: what a search must never lose."""

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import optuna
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial
from safetensors import SafetensorError, safe_open

from nas.nn.build import build
from nas.records import TrialRecord
from nas.run import Run
from nas.search.index import Index, stamps

RESULT: Final = "result.json"
_STATES: Final = {"complete": "COMPLETE", "failed": "FAIL", "stopped": "PRUNED"}
_TEMPORARY: Final = ("*.tmp", "*.part", ".study.db.*", "study.db-*", "report/.*")
_NEVER_CHANGES: Final = ("trial", "hash", "architecture", "seed", "arm")


def results(path: Path) -> dict[str, bytes]:
    """Return every result of a run, those of repeats too, by its place in the run."""
    # Not a glob, which fails where a folder goes while it is looked at.
    folders = os.walk(path / "trials")
    files = sorted(Path(at, RESULT) for at, _, names in folders if RESULT in names)
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


def lost(path: Path, before: Mapping[str, bytes]) -> list[str]:
    """Return what is wrong with the results that a run had before a fault.

    Each must be there as it was. Only a trial that had paused may have gone on since.
    """
    found = []
    for place, text in before.items():
        file = path / place
        if not file.is_file():
            found.append(f"{place} is gone")
        elif (now := file.read_bytes()) != text and not _went_on(text, now):
            found.append(f"{place} has changed")
    return found


def unbalanced(path: Path) -> list[str]:
    """Return what is wrong with the books of a finished run; nothing is written.

    Nothing is where as many trials have finished and failed as were asked for, without
    gaps in their numbers and no network twice in an arm, weights are as recorded, the
    index and the study say what the results say, and nothing temporary is left.
    """
    leftovers = sorted({p for name in _TEMPORARY for p in path.rglob(name)})
    found = [f"{file.relative_to(path)} is left over" for file in leftovers]
    records = []
    for file in sorted(path.glob(f"trials/*/{RESULT}")):
        try:
            data = json.loads(file.read_bytes())
            record = TrialRecord.from_json(data, [path / "plugins"])
        except Exception as error:
            found.append(f"{file.relative_to(path)} cannot be read: {error!r}")
            continue
        if file.parent.name != f"{record.trial:05d}":
            found.append(f"{file.relative_to(path)} is of trial {record.trial}")
        records.append(record)
    return [
        *found,
        *_miscounted(path, records),
        *(problem for record in records for problem in _bad_weights(path, record)),
        *_bad_index(path, records),
        *_bad_study(path, records),
        *_bad_repeats(path),
    ]


def _went_on(text: bytes, now: bytes) -> bool:
    before, after = json.loads(text), json.loads(now)
    begun = len(before["curve"])
    return (
        before["status"] == "stopped"
        and after["curve"][:begun] == before["curve"]
        and all(before[name] == after[name] for name in _NEVER_CHANGES)
    )


def _miscounted(path: Path, records: list[TrialRecord]) -> Iterator[str]:
    config = Run(path).config
    names = sorted(folder.name for folder in (path / "trials").iterdir())
    if names != [f"{trial:05d}" for trial in range(len(names))]:
        yield f"the trials' folders have gaps: {names}"
    if len(records) != len(names):
        yield f"{len(names)} trials have begun, {len(records)} have ended"
    arms = Counter(record.arm for record in records)
    if arms["search"] != config.trials:
        yield f"{config.trials} trials were asked for, {arms['search']} have ended"
    if config.baseline and not config.halving and arms["random"] < config.trials:
        yield f"{config.trials} trials, and {arms['random']} of random search beside"
    for (arm, key), count in Counter((r.arm, r.key) for r in records).items():
        if count > 1:
            yield f"{key} was trained {count} times in arm {arm!r}"


def _bad_weights(path: Path, record: TrialRecord) -> Iterator[str]:
    """Say what is wrong with a trial's weights, and with what it would go on from."""
    folder = path / "trials" / f"{record.trial:05d}"
    if (folder / "paused.safetensors").exists():
        yield f"trial {record.trial} is still kept as paused"
    file = folder / "weights.safetensors"
    if record.status != "complete":
        return
    try:
        with safe_open(file, framework="np") as opened:
            shapes = {
                name: tuple(opened.get_slice(name).get_shape())
                for name in opened.keys()  # noqa: SIM118 - it is no mapping
            }
    except (OSError, SafetensorError) as error:
        yield f"the weights of trial {record.trial} cannot be read: {error}"
        return
    state = build(record.architecture).state_dict()
    if shapes != {name: tuple(value.shape) for name, value in state.items()}:
        yield f"the weights of trial {record.trial} are those of another network"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if record.weights not in (None, digest):
        yield f"the weights of trial {record.trial} are not those it ended with"


def _bad_index(path: Path, records: list[TrialRecord]) -> Iterator[str]:
    """Say where the index has no row of a result, or another one."""
    trials = path / "trials"
    there = {name: stamp for name, stamp in stamps(trials, RESULT) if stamp is not None}
    rows = Index(path / "index.tsv").read(there, (path / "plugins",))
    for record in records:
        row = rows.get(f"{record.trial:05d}")
        if row is None or row.to_json() != record.to_json():
            yield f"the index has {'no' if row is None else 'another'} {record.trial}"


def _bad_study(path: Path, records: list[TrialRecord]) -> Iterator[str]:
    """Say where the study, as Optuna reads it, is at odds with the results."""
    study = studied(path)
    if len(study) != len(records):
        yield f"the study has {len(study)} trials instead of {len(records)}"
    for record, trial in zip(records, study, strict=False):
        values = [record.accuracy, record.params]
        told: dict[str, Any] = {
            "number": (trial.number, record.trial),
            "state": (trial.state.name, _STATES[record.status]),
            "values": (trial.values, values if record.status == "complete" else None),
            "genes": (trial.params, dict(record.genes or {})),
        }
        for name, (found, right) in told.items():
            if found != right:
                yield f"trial {record.trial}: {name} in the study is {found}: {right}"


def studied(path: Path) -> list[FrozenTrial]:
    """Return the trials of a run's study as Optuna reads them, from a copy of it."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with TemporaryDirectory() as folder:
        for file in path.glob("study.db*"):
            shutil.copy(file, folder)
        storage = RDBStorage(f"sqlite:///{folder}/study.db")
        (name,) = optuna.get_all_study_names(storage)
        trials = optuna.load_study(study_name=name, storage=storage).trials
        storage.engine.dispose()
    return trials


def _bad_repeats(path: Path) -> Iterator[str]:
    """Say which repeats have begun and not ended, or kept their weights."""
    for folder in sorted(path.glob("trials/*/repeats/*")):
        place = folder.relative_to(path)
        if not (folder / RESULT).is_file():
            yield f"{place} has no result"
        if (folder / "weights.safetensors").exists():
            yield f"{place} has kept its weights"
