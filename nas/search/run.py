"""The run folder: where everything about a search lies, and who may write to it."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from filelock import FileLock, Timeout

from nas.arch import Architecture, read, to_json
from nas.errors import NasError, RunError
from nas.records import Arm, TrialRecord
from nas.search.config import SearchConfig, environment
from nas.search.files import write_atomic, write_json
from nas.search.index import Index, Stamp, stamps
from nas.space import SearchSpace, read_space

_CONFIG: Final = "config.yaml"
_SPACE: Final = "space.yaml"
_RESULT: Final = "result.json"
_ARCHITECTURE: Final = "architecture.json"
_TRACEBACK: Final = "traceback.txt"
_ARM: Final = "arm.json"
_PROMOTED: Final = "promoted.json"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A folder that holds a run; ``create`` makes one and ``open`` finds one."""

    path: Path

    @staticmethod
    def check_free(path: Path) -> None:
        """Refuse a path where there is something.

        Raises:
            RunError: when there is.
        """
        if path.exists():
            raise RunError(
                f"the run folder {path} exists and is never overwritten; "
                f"continue it with 'nas resume {path}', or choose another --run"
            )

    @classmethod
    def create(
        cls,
        path: Path,
        config: SearchConfig,
        space: SearchSpace,
        facts: Mapping[str, Any],
    ) -> "RunFolder":
        """Make a run folder with the configuration in it.

        Args:
            path: where; nothing may be there yet.
            config: what the search was asked to do.
            space: the search space, a copy of which is kept.
            facts: what is known about the data, for the record.

        Raises:
            RunError: when the folder exists or cannot be made.
        """
        cls.check_free(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir()
        except FileExistsError as error:
            cls.check_free(path)
            # Something above it exists, and is no folder.
            raise RunError(
                f"{path}: cannot be made: {error.filename} is not a folder"
            ) from None
        except OSError as error:
            raise RunError(f"{path}: cannot be made: {error.strerror}") from None
        run = cls(path)
        try:
            run.trials_path.mkdir()
            write_atomic(path / _SPACE, space.text.encode())
            if space.plugins:
                run.plugins_path.mkdir()
            for plugin in space.plugins:
                copy = run.plugins_path / plugin.file
                write_atomic(copy, plugin.path.read_bytes())
            written = {
                "config": config.to_json(),
                "data": dict(facts),
                "environment": environment(),
            }
            text = yaml.safe_dump(written, sort_keys=False, allow_unicode=True)
            write_atomic(path / _CONFIG, text.encode())
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)
            raise
        return run

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """Return the run in a folder.

        Raises:
            RunError: when there is none.
        """
        if not path.is_dir():
            raise RunError(f"no run at {path}: there is no such folder{_others(path)}")
        if not (path / _CONFIG).is_file():
            raise RunError(
                f"no run at {path}: the folder has no {_CONFIG}{_others(path)}"
            )
        return cls(path)

    @property
    def trials_path(self) -> Path:
        """The folder of the trials' folders."""
        return self.path / "trials"

    @property
    def plugins_path(self) -> Path:
        """The folder of the copies of the space's plugins."""
        return self.path / "plugins"

    @property
    def report_path(self) -> Path:
        """The folder of the report."""
        return self.path / "report"

    @property
    def study_path(self) -> Path:
        """The file of the Optuna study."""
        return self.path / "study.db"

    def trial_path(self, trial: int) -> Path:
        """Return the folder of a trial."""
        return self.trials_path / f"{trial:05d}"

    def weights_path(self, trial: int) -> Path:
        """Return the file of a trial's trained weights."""
        return self.trial_path(trial) / "weights.safetensors"

    def config(self) -> SearchConfig:
        """Return what the search was asked to do."""
        return SearchConfig.from_json(self._written()["config"])

    def facts(self) -> dict[str, Any]:
        """Return what was known about the data when the run was made."""
        return dict(self._written()["data"])

    def space(self) -> SearchSpace:
        """Return the search space as it was when the run was made."""
        return read_space(self.path / _SPACE, name=self.config().space)

    def extend(self, config: SearchConfig) -> None:
        """Keep a configuration whose number of trials has grown."""
        written = self._written() | {"config": config.to_json()}
        text = yaml.safe_dump(written, sort_keys=False, allow_unicode=True)
        write_atomic(self.path / _CONFIG, text.encode())

    def start_trial(
        self, trial: int, architecture: Architecture, arm: Arm = "search"
    ) -> None:
        """Make a trial's folder, empty but for its architecture and its arm.

        A power failure may take it back: then the trial never began.
        """
        folder = self.trial_path(trial)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        if arm != "search":  # first: a trial has begun once it has its architecture
            write_json(folder / _ARM, arm, durable=False)
        write_json(folder / _ARCHITECTURE, to_json(architecture), durable=False)

    def arm(self, trial: int) -> Arm:
        """Return who proposed a trial that was started."""
        return "random" if (self.trial_path(trial) / _ARM).exists() else "search"

    def finish_trial(self, record: TrialRecord, traceback: str | None = None) -> None:
        """Keep a finished trial; from here on nothing can lose it.

        Args:
            record: of the trial.
            traceback: of its failure, for people.
        """
        path = self.trial_path(record.trial) / _RESULT
        if traceback is not None:
            text = traceback.encode("utf-8", "replace")
            write_atomic(path.with_name(_TRACEBACK), text, durable=False)
        write_json(path, record.to_json())
        facts = path.stat()
        stamp = (facts.st_mtime_ns, facts.st_size)
        self._index.append([(path.parent.name, stamp, record)])

    def paused_path(self, trial: int) -> Path:
        """Return the file that a trial which has paused goes on from."""
        return self.trial_path(trial) / "paused.safetensors"

    def promote(self, trial: int, epochs: int) -> None:
        """Keep that a trial is to be trained on until it has had so many epochs."""
        write_json(self.trial_path(trial) / _PROMOTED, {"epochs": epochs})

    def promotions(self) -> dict[int, int]:
        """Return the epochs that trials were promoted to."""
        found = {}
        for path in sorted(self.trials_path.glob(f"*/{_PROMOTED}")):
            try:
                found[int(path.parent.name)] = int(
                    json.loads(path.read_bytes())["epochs"]
                )
            except (OSError, ValueError, TypeError, KeyError) as error:
                raise RunError(f"{path}: cannot be read: {error}") from None
        return found

    def forget_pause(self, trial: int) -> None:
        """Remove what a trial would go on from."""
        self.paused_path(trial).unlink(missing_ok=True)
        (self.trial_path(trial) / _PROMOTED).unlink(missing_ok=True)

    def records(self) -> list[TrialRecord]:
        """Return the finished trials in the order of their numbers.

        Raises:
            RunError: when a result cannot be read.
        """
        finished = {name: stamp for name, stamp in self._stamps() if stamp is not None}
        found = self._index.read(finished, (self.plugins_path,))
        missing = finished.keys() - found.keys()
        rows = [(name, finished[name], self._result(name)) for name in missing]
        if rows:
            self._index.append(rows)
            found.update((name, record) for name, _, record in rows)
        return sorted(found.values(), key=lambda record: record.trial)

    def unfinished(self) -> dict[int, Architecture]:
        """Return the trials that were started and never finished."""
        found = {}
        for name, stamp in sorted(self._stamps()):
            path = self.trials_path / name / _ARCHITECTURE
            if stamp is not None or not name.isdigit():
                continue
            if not path.exists() or path.stat().st_size == 0:
                continue
            try:
                found[int(name)] = read(path)
            except NasError as error:
                raise RunError(str(error)) from None
        return found

    @property
    def _index(self) -> Index:
        return Index(self.path / "index.tsv")

    def _stamps(self) -> Iterator[tuple[str, Stamp | None]]:
        try:
            yield from stamps(self.trials_path, _RESULT)
        except FileNotFoundError:  # somebody deleted all trials at once
            return

    def _result(self, name: str) -> TrialRecord:
        path = self.trials_path / name / _RESULT
        try:
            data = json.loads(path.read_bytes())
            return TrialRecord.from_json(data, [self.plugins_path])
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise RunError(f"{path}: cannot be read: {error}") from None

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Hold the run's lock, which ends with the process that holds it.

        Raises:
            RunError: when another process holds it.
        """
        lock = FileLock(self.path / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise RunError(
                f"another process works on the run {self.path}; "
                "wait for it to end, or stop it"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def _written(self) -> dict[str, Any]:
        path = self.path / _CONFIG
        try:
            data = yaml.safe_load(path.read_bytes())
        except (OSError, yaml.YAMLError) as error:
            raise RunError(f"{path}: cannot be read: {error}") from None
        if not isinstance(data, dict) or not {"config", "data"} <= set(data):
            raise RunError(f"{path}: is not the configuration of a run")
        return data


def _others(path: Path) -> str:
    """Return a remedy that names the runs beside a path."""
    parent = path.parent
    runs = sorted(p.parent for p in parent.glob(f"*/{_CONFIG}"))
    if not runs:
        return "; start one with 'nas search'"
    from difflib import get_close_matches

    names = [run.name for run in runs]
    close = get_close_matches(path.name, names, n=1) or names[-1:]
    return f"; did you mean {parent / close[0]}?"
