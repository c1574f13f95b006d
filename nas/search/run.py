"""The run folder: where everything about a search lies, and who may write to it."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any, Final

from nas.arch import Architecture, read, to_json
from nas.errors import NasError, RunError, SpaceError
from nas.records import Arm, TrialRecord
from nas.search.began import Began, read_began, to_bytes
from nas.search.checked import Own, checked, json_data, result_data, trial_number
from nas.search.config import SearchConfig, environment
from nas.search.config_file import BEGAN, ConfigFile, read_config_file
from nas.search.files import keep_names, write_atomic, write_json
from nas.search.index import Index, Stamp, stamps
from nas.search.lock import owned
from nas.search.whole_folder import make_whole
from nas.space import SearchSpace, read_space

_CONFIG: Final = "config.yaml"
_SPACE: Final = "space.yaml"
RESULT: Final = "result.json"
ARCHITECTURE: Final = "architecture.json"
_TRACEBACK: Final = "traceback.txt"
_ARM: Final = "arm.json"
_PAUSED: Final = "paused.safetensors"
_PROMOTED: Final = "promoted.json"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A folder that holds a run; ``create`` makes one and ``open`` finds one."""

    path: Path
    _fresh: set[int] = field(default_factory=set, init=False, compare=False, repr=False)
    """Trials whose folders a power failure may still take back."""

    @staticmethod
    def check_free(path: Path) -> None:
        """Refuse a path where there is something.

        Raises:
            RunError: when there is.
        """
        if os.path.lexists(path):
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
        *,
        fingerprint: Mapping[str, str] | None = None,
        fill: Callable[["RunFolder"], None] = lambda _: None,
    ) -> "RunFolder":
        """Make a run folder with the configuration in it, whole or not at all.

        Args:
            path: where; nothing may be there yet.
            config: what the search was asked to do.
            space: the search space, a copy of which is kept.
            facts: what is known about the data, for the record.
            fingerprint: of the data, see `nas.data.Dataset`.
            fill: puts more into the folder before it gets its name.

        Raises:
            RunError: when the folder exists or cannot be made.
        """
        cls.check_free(path)
        file = ConfigFile(config=config, data=facts, environment=environment())
        began = Began.of(file, space, fingerprint or {})

        def make(unfinished: Path) -> None:
            run = cls(unfinished)
            run.trials_path.mkdir()
            run.write_beginning(began)
            fill(run)

        try:
            make_whole(path, make)
        except FileExistsError:
            cls.check_free(path)
            raise
        return cls(path)

    def write_beginning(self, began: Began) -> None:
        """Write the files that a run begins with."""
        write_atomic(self.space_path, to_bytes(began.space))
        if began.plugins:
            self.plugins_path.mkdir(exist_ok=True)
        for name, text in began.plugins.items():
            write_atomic(self.plugins_path / name, to_bytes(text))
        write_atomic(self.config_path, began.file.text().encode())
        write_json(self.path / BEGAN, began.to_json())

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """Return the run in a folder.

        Raises:
            RunError: when there is none.
        """
        try:
            is_there = path.is_dir()
        except OSError as error:  # a name that no folder can have, or no permission
            raise RunError(f"no run at {path}: {error.strerror}") from None
        if not is_there:
            raise RunError(f"no run at {path}: there is no such folder{_others(path)}")
        if not (path / _CONFIG).is_file():
            if (path / BEGAN).is_file():
                raise RunError(
                    f"{path}: {_CONFIG} is gone; 'nas repair {path}' writes it anew"
                )
            raise RunError(
                f"no run at {path}: the folder has no {_CONFIG}{_others(path)}"
            )
        return cls(path)

    @property
    def config_path(self) -> Path:
        """The file of what the search was asked to do."""
        return self.path / _CONFIG

    @property
    def space_path(self) -> Path:
        """The file of the search space."""
        return self.path / _SPACE

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

    def row(self, trial: int) -> str:
        """Return what TensorBoard calls a trial: its folder, from that of the run."""
        return self.trial_path(trial).relative_to(self.path).as_posix()

    def weights_path(self, trial: int) -> Path:
        """Return the file of a trial's trained weights."""
        return self.trial_path(trial) / "weights.safetensors"

    def file(self) -> ConfigFile:
        """Return what ``config.yaml`` says."""
        return read_config_file(self.config_path)

    def config(self) -> SearchConfig:
        """Return what the search was asked to do."""
        return self.file().config

    def facts(self) -> dict[str, Any]:
        """Return what was known about the data when the run was made."""
        return dict(self.file().data)

    def space(self) -> SearchSpace:
        """Return the search space as it was when the run was made."""
        self.check_space()
        return read_space(self.space_path, name=self.config().space)

    def check_space(self) -> None:
        """Refuse a run whose search space is gone.

        Raises:
            SpaceError: saying what helps.
        """
        if self.space_path.exists():
            return
        known = (self.path / BEGAN).is_file()
        remedy = f"'nas repair {self.path}' writes it anew" if known else "put it back"
        raise SpaceError(f"{self.path}: {_SPACE} is gone; {remedy}")

    def began(self) -> Began | None:
        """Return what the run was when it was made, None for a run of old."""
        return read_began(self.path)

    def extend(self, config: SearchConfig) -> None:
        """Keep a configuration whose number of trials has grown."""
        file = replace(self.file(), config=config)
        write_atomic(self.config_path, file.text().encode())

    def start_trial(
        self, trial: int, architecture: Architecture, arm: Arm = "search"
    ) -> None:
        """Make a trial's folder, empty but for its architecture and its arm.

        A power failure may take it back: then the trial never began.
        """
        folder = self.trial_path(trial)
        if folder.is_symlink():  # out of the run, perhaps
            folder.unlink()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        self._fresh.add(trial)
        if arm != "search":  # first: a trial has begun once it has its architecture
            write_json(folder / _ARM, arm, durable=False)
        write_json(folder / ARCHITECTURE, to_json(architecture), durable=False)

    def arm(self, trial: int) -> Arm:
        """Return who proposed a trial that was started."""
        return "random" if (self.trial_path(trial) / _ARM).exists() else "search"

    def finish_trial(self, record: TrialRecord, traceback: str | None = None) -> None:
        """Keep a finished trial; from here on nothing can lose it.

        Args:
            record: of the trial.
            traceback: of its failure, for people.
        """
        path = self.trial_path(record.trial) / RESULT
        if traceback is not None:
            text = traceback.encode("utf-8", "replace")
            write_atomic(path.with_name(_TRACEBACK), text, durable=False)
        with ThreadPoolExecutor(max_workers=1) as pool:
            kept = None
            if record.trial in self._fresh:
                # At the same time it costs no wait of its own.
                kept = pool.submit(keep_names, self.trials_path)
            write_json(path, record.to_json())
            if kept is not None:
                kept.result()
                self._fresh.clear()  # the names of all others are kept as well
        facts = path.stat()
        stamp = (facts.st_mtime_ns, facts.st_size)
        self.index.append([(path.parent.name, stamp, record)])

    def paused_path(self, trial: int) -> Path:
        """Return the file that a trial which has paused goes on from."""
        return self.trial_path(trial) / _PAUSED

    def pauses(self) -> set[int]:
        """Return the trials that have something to go on from."""
        kept = (self.trials_path.glob(f"*/{name}") for name in (_PAUSED, _PROMOTED))
        numbers = (trial_number(path.parent.name) for path in chain(*kept))
        return {number for number in numbers if number is not None}

    def promote(self, trial: int, epochs: int) -> None:
        """Keep that a trial is to be trained on until it has had so many epochs."""
        write_json(self.trial_path(trial) / _PROMOTED, {"epochs": epochs})

    def promotions(self) -> dict[int, int]:
        """Return the epochs that trials were promoted to."""
        found = {}
        for path in sorted(self.trials_path.glob(f"*/{_PROMOTED}")):
            number = trial_number(path.parent.name)
            if number is None:
                continue
            try:
                found[number] = int(json_data(path.read_bytes())["epochs"])
            except (OSError, ValueError, TypeError, KeyError) as error:
                raise self._spoilt(path, error) from None
        return found

    def forget_pause(self, trial: int) -> None:
        """Remove what a trial would go on from."""
        self.paused_path(trial).unlink(missing_ok=True)
        (self.trial_path(trial) / _PROMOTED).unlink(missing_ok=True)

    def records(self, *, remember: bool = True) -> list[TrialRecord]:
        """Return the finished trials in the order of their numbers.

        Args:
            remember: the index what it lacked; False changes nothing in the folder.

        Raises:
            RunError: when a result cannot be read.
        """
        finished = self.finished()
        found = self.index.read(finished, (self.plugins_path,))
        missing = finished.keys() - found.keys()
        if missing:
            own = self.own()
            rows = [(n, finished[n], self._result(n)) for n in sorted(missing)]
            for name, _, record in rows:
                self._check_own(own, record.architecture, self._file(name, RESULT))
            if remember:
                self.index.append(rows)
            found.update((name, record) for name, _, record in rows)
        return sorted(found.values(), key=lambda record: record.trial)

    def unfinished(self) -> dict[int, Architecture]:
        """Return the trials that were started and never finished.

        Raises:
            RunError: when an architecture cannot be read, or is of another run.
        """
        found: dict[int, Architecture] = {}
        for name, stamp in sorted(self._stamps()):
            path = self._file(name, ARCHITECTURE)
            if stamp is not None:
                continue
            if not path.exists() or path.stat().st_size == 0:
                continue
            found[int(name)] = self._architecture(path)
        own = self.own() if found else None
        for number, architecture in found.items():
            path = self.trial_path(number) / ARCHITECTURE
            self._check_own(own, architecture, path)
        return found

    def own(self) -> Own:
        """Return what all networks of the run have in common."""
        began = self.began()  # the other file may have been edited
        file = self.file() if began is None else began.file
        return Own.of(file.data, file.config.max_params)

    def check_trial(self, number: int, own: Own) -> str | None:
        """Return the name of a trial's file that cannot be read, None if all can.

        Nothing depends on the architecture of a trial that has its result.
        """
        folder = self.trial_path(number)
        result, file = folder / RESULT, folder / ARCHITECTURE
        try:
            if os.path.lexists(result):
                name = RESULT
                record = self._result(folder.name)
                self._check_own(own, record.architecture, result)
            elif file.exists() and file.stat().st_size:
                name = ARCHITECTURE
                self._check_own(own, self._architecture(file), file)
        except RunError:
            return name
        return None

    def trial_numbers(self) -> list[int]:
        """Return the numbers of all trials' folders."""
        return sorted(int(name) for name, _ in self._stamps())

    @property
    def index(self) -> Index:
        """The file that makes reading results fast."""
        return Index(self.path / "index.tsv")

    def finished(self) -> dict[str, Stamp]:
        """Return the folders of finished trials, with the stamps of their results."""
        return {name: stamp for name, stamp in self._stamps() if stamp is not None}

    def _file(self, folder: str, name: str) -> Path:
        return self.trials_path / folder / name

    def _stamps(self) -> Iterator[tuple[str, Stamp | None]]:
        try:
            for name, stamp in stamps(self.trials_path, RESULT):
                if trial_number(name) is not None:  # people put other things there
                    yield name, stamp
        except FileNotFoundError:  # somebody deleted all trials at once
            return
        except OSError as error:
            raise self._spoilt(self.trials_path, error) from None

    def _result(self, name: str) -> TrialRecord:
        path = self._file(name, RESULT)
        try:
            data = result_data(path.read_bytes())
            return checked(TrialRecord.from_json(data, [self.plugins_path]), int(name))
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise self._spoilt(path, error) from None

    def _architecture(self, path: Path) -> Architecture:
        try:
            return read(path)
        except NasError as error:
            raise RunError(f"{error}; {self._remedy}") from None

    def _check_own(
        self, own: Own | None, architecture: Architecture, path: Path
    ) -> None:
        try:
            if own is not None:
                own.check(architecture)
        except ValueError as error:
            raise RunError(f"{path}: {error}; {self._remedy}") from None

    def _spoilt(self, path: Path, error: Exception) -> RunError:
        why = f"there is no {error}" if isinstance(error, KeyError) else error
        return RunError(f"{path}: cannot be read: {why}; {self._remedy}")

    @property
    def _remedy(self) -> str:
        if self.plugins_path.is_dir() and not (self.path / BEGAN).is_file():
            # Of old: nobody knows what its plugins were, so nothing can be repaired.
            return (
                f"perhaps a file in {self.plugins_path} is another one than it was: "
                "bring that back, or remove the unreadable file"
            )
        return f"'nas repair {self.path}' sets it aside"

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Hold the run's lock, which ends with the process that holds it.

        Raises:
            RunError: when another process holds it, or there can be no lock.
        """
        with owned(self.path):
            yield


def _others(path: Path) -> str:
    """Return a remedy that names the runs beside a path."""
    parent = path.parent
    found = (p.parent for p in parent.glob(f"*/{_CONFIG}") if p.is_file())
    runs = sorted(run for run in found if not run.name.startswith("."))
    if not runs:
        return "; start one with 'nas search'"
    from difflib import get_close_matches

    names = [run.name for run in runs]
    close = get_close_matches(path.name, names, n=1) or names[-1:]
    return f"; did you mean {parent / close[0]}?"
