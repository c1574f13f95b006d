"""The runs in a folder, each in a few facts, as far as they can be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from nas.errors import UNREADABLE, NasError, RunError, counted, one_line
from nas.noise import Repeat
from nas.records import TrialRecord
from nas.report import Reference, best, judged, reference_point
from nas.report.hypervolume import dominated
from nas.search import RunFolder, SearchConfig
from nas.search.config_file import BEGAN, ConfigFile
from nas.search.done import is_done
from nas.search.lock import is_owned
from nas.search.noise_files import read_repeats

State = Literal["running", "finished", "unfinished", "failed", "broken"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A run as a list shows it; what cannot be read is None.

    A run is "running" while a process holds its lock, "failed" when it ended with
    nothing but failures in a row, "broken" when something in it cannot be read, and
    "unfinished" when 'nas resume' would go on with it. ``problem`` says what is wrong.
    ``finished`` and ``asked`` count trials of the search, ``random`` those of random
    search beside it, ``failed`` both. ``hypervolume`` is that of the search's own
    trials, from the run's own ``reference``. ``changed`` is when the latest trial came
    to its end or, without any, when the run was made.
    """

    path: Path
    state: State
    changed: datetime
    problem: str | None = None
    data: str | None = None
    max_params: int | None = None
    objective: str | None = None
    asked: int | None = None
    finished: int | None = None
    random: int | None = None
    failed: int | None = None
    best: TrialRecord | None = None
    hypervolume: float | None = None
    reference: Reference | None = None
    same: tuple[Any, ...] = ()
    """What runs have in common whose hypervolumes can be compared."""

    def to_json(self) -> dict[str, Any]:
        """Return the facts as plain JSON data."""
        top, reference = self.best, self.reference
        return {
            "path": str(self.path),
            "state": self.state,
            "problem": self.problem,
            "data": self.data,
            "max_params": self.max_params,
            "objective": self.objective,
            "trials": {
                "asked": self.asked,
                "finished": self.finished,
                "random": self.random,
                "failed": self.failed,
            },
            "best": None
            if top is None
            else {
                "trial": top.trial,
                "accuracy": top.accuracy,
                "params": top.params,
                "macs": top.macs,
            },
            "hypervolume": self.hypervolume,
            "reference": None if reference is None else reference.to_json(),
            "changed": self.changed.isoformat(timespec="seconds"),
        }


def list_runs(folder: Path) -> tuple[Listed, ...]:
    """Return the runs in a folder, the latest first; nothing in them is changed.

    Args:
        folder: of runs, or a run's own.

    Raises:
        RunError: when there is no such folder.
    """
    try:
        if not folder.is_dir():
            raise RunError(
                f"no runs at {folder}: there is no such folder; start one with "
                "'nas search'"
            )
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise RunError(f"no runs at {folder}: {error.strerror}") from None
    paths = [folder] if _is_run(folder) else [path for path in inside if _is_run(path)]
    found = (_listed(path) for path in paths)
    return tuple(sorted(found, key=lambda run: run.changed, reverse=True))


def _is_run(path: Path) -> bool:
    try:
        return not path.name.startswith(".") and any(
            (path / name).is_file() for name in ("config.yaml", BEGAN)
        )
    except OSError:  # a folder that is closed to us
        return False


def _listed(path: Path) -> Listed:
    run = RunFolder(path)
    made = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    known = Listed(path=path, state="broken", changed=made)
    try:
        run = RunFolder.open(path)
        file = run.file()
        config = file.config
        made = datetime.fromtimestamp(run.config_path.stat().st_mtime, UTC)
        known = replace(
            known,
            data=str(file.data.get("name", config.data)),
            max_params=config.max_params,
            objective=config.recipe.objective,
            asked=config.trials,
            changed=made,
        )
        # First: what ends meanwhile must not look as if nobody worked on it.
        running = is_owned(path)
        records, repeats = run.records(remember=False), read_repeats(run)
        known = _with_trials(known, file, records, repeats)
        if running:
            return replace(known, state="running")
        run.check_space()
        done = is_done(config, records, repeats) and not run.unfinished()
        if why := _gave_up(config, records, done=done):
            return replace(known, state="failed", problem=why)
        return replace(known, state="finished" if done else "unfinished")
    except UNREADABLE as error:
        why = str(error) if isinstance(error, NasError) else one_line(error)
        return replace(known, state="broken", problem=why)


def _with_trials(
    known: Listed,
    file: ConfigFile,
    records: Sequence[TrialRecord],
    repeats: Mapping[int, Sequence[Repeat]],
) -> Listed:
    config, facts = file.config, file.data
    own = [record for record in records if record.arm == "search"]
    objective, cost = config.recipe.objective, config.costs[0]
    at = reference_point(records, facts, config.max_params, objective, cost)
    ends = (datetime.fromisoformat(record.finished) for record in records)
    return replace(
        known,
        changed=max((end.astimezone(UTC) for end in ends), default=known.changed),
        finished=len(own),
        random=len(records) - len(own),
        failed=sum(record.status == "failed" for record in records),
        best=best(judged(records, repeats), costs=config.costs),
        hypervolume=dominated(own, at),
        reference=at,
        same=(
            *(str(facts.get(name)) for name in ("name", "shape", "classes", "mean")),
            *(str(facts.get(name)) for name in ("fitted", "validation")),
            *(objective, cost.name, at.accuracy, at.most),
        ),
    )


def _gave_up(
    config: SearchConfig, records: Sequence[TrialRecord], *, done: bool
) -> str | None:
    """Return why a search has come to nothing, None if it has not."""
    latest = sorted(records, key=lambda record: (record.finished, record.trial))
    if not done:
        latest = latest[-config.max_failures :]
        if len(latest) < config.max_failures:
            return None
    if any(record.status != "failed" for record in latest):
        return None
    what = "every trial" if done else f"the last {counted(len(latest), 'trial')}"
    return f"{what} failed; the latest: {latest[-1].error}"
