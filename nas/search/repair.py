"""A run's folder mended: what can be made anew is, what cannot be read is set aside."""

import os
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from itertools import chain, count
from pathlib import Path

from nas.arch import canonical_hash, read
from nas.errors import NasError, RunError, counted
from nas.records import TrialRecord
from nas.search.ablation_shelves import ablated_trials, ablation_shelf
from nas.search.began import Began, read_text, to_bytes
from nas.search.bound_space import bound_space
from nas.search.changes import changed_facts
from nas.search.checked import Own
from nas.search.config_file import BEGAN
from nas.search.files import keep_names, write_atomic
from nas.search.latencies import spoilt_latencies
from nas.search.leftovers import remove_half_written
from nas.search.mirror import Mirror
from nas.search.noise_files import spoilt_files
from nas.search.retrain_files import spoilt_trainings
from nas.search.run import ARCHITECTURE, RunFolder
from nas.search.study_file import JOURNALS, forget, study_attributes


def repair(path: Path) -> list[str]:
    """Mend a run's folder.

    Nothing that finished is lost: what cannot be read keeps its content under another
    name.

    Args:
        path: of the run's folder.

    Returns:
        What was done, a line each; none where nothing was broken.

    Raises:
        RunError: when there is no run, another process works on it, or its
            configuration is lost for good.
    """
    if not (path / BEGAN).is_file():
        RunFolder.open(path)
    run = RunFolder(path)
    with run.owned():
        return _Repair(run).all()


class _Repair:
    """What has been done to a run so far, in ``lines``."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self.lines: list[str] = []

    def all(self) -> list[str]:
        self.leftovers()
        began = self.began()
        self.config(began)
        self.space(began)
        self.trials(began)
        self.others()
        self.index()
        self.study()
        return self.lines

    def leftovers(self) -> None:
        """Remove what a process that ended was writing."""
        removed = remove_half_written(self.run)
        if removed:
            what = "file was" if removed == 1 else "files were"
            self.lines.append(f"{removed} half-written {what} removed")

    def began(self) -> Began | None:
        """Return what the run began with, if that is known."""
        try:
            return self.run.began()
        except RunError:
            RunFolder.open(self.run.path)
            name = _set_aside(self.run.path / BEGAN)
            self.lines.append(
                f"{BEGAN} could not be read and is now {name}; changes to the options "
                "or the data will not be noticed any more"
            )
            return None

    def config(self, began: Began | None) -> None:
        """Write the configuration that the run began with, if there is none."""
        path = self.run.config_path
        try:
            file = self.run.file()
        except RunError:
            if began is None:
                raise
        else:
            if began is not None and changed_facts(began, file):
                # Nobody edits those: the file was cut off where it still is YAML.
                whole = replace(began.file, config=file.config)
                broken = self._aside(path)
                write_atomic(path, to_bytes(whole.text()))
                self.lines.append(
                    f"config.yaml {broken}; what it says of the data is as the run "
                    "began"
                )
            return
        broken = self._aside(path)
        trials = self.run.trial_numbers() if self.run.trials_path.is_dir() else []
        searched = sum(self.run.arm(number) == "search" for number in trials)
        config = began.file.config
        config = replace(config, trials=max(config.trials, searched))
        write_atomic(path, to_bytes(replace(began.file, config=config).text()))
        self.lines.append(
            f"config.yaml {broken}; it is as the run began, with {config.trials} trials"
        )

    def space(self, began: Began | None) -> None:
        """Write the search space that the run began with, if it cannot be read.

        Its plugins in any case: without them no trial that uses them can be read.
        """
        wanted: dict[Path, str] = {}
        if began is not None:
            folder = self.run.plugins_path
            wanted = {folder / name: text for name, text in began.plugins.items()}
        self._write_as_begun(wanted)
        try:
            self.run.space()
        except NasError:
            if began is None:
                raise
            self._write_as_begun({self.run.space_path: began.space})

    def trials(self, began: Began | None) -> None:
        """Set aside what cannot be read of trials, and write what is known anew."""
        if not self.run.trials_path.is_dir():
            broken = self._aside(self.run.trials_path)
            self.run.trials_path.mkdir()
            self.lines.append(f"trials {broken}; no trial is left")
        rows = self.run.index.read(None, (self.run.plugins_path,))
        own = self.run.own()
        for number in self.run.trial_numbers():
            row = rows.get(self.run.trial_path(number).name)
            while (name := self.run.check_trial(number, own)) is not None:
                path = self.run.trial_path(number) / name
                if began is None and self.run.plugins_path.is_dir():
                    raise RunError(
                        f"{path}: cannot be read, perhaps because a file in "
                        f"{self.run.plugins_path} is another one; bring that back, or "
                        f"remove {path} if that is what is broken"
                    )
                aside = _set_aside(path)
                if name == ARCHITECTURE:
                    then = "another network is trained in its place"
                elif row is not None and self._is_known(number, row, own):
                    self.run.finish_trial(row)
                    then = "it was written anew from index.tsv"
                else:
                    then = "'nas resume' trains the network again"
                self.lines.append(
                    f"trial {number}: {name} could not be read and is now {aside}; "
                    f"{then}"
                )
                row = None

    def others(self) -> None:
        """Set aside what else cannot be read."""
        spoilt = chain(
            spoilt_files(self.run),
            spoilt_trainings(self.run),
            *(
                spoilt_trainings(self.run, ablation_shelf(trial))
                for trial in ablated_trials(self.run)
            ),
            spoilt_latencies(self.run),
        )
        for path, remedy in spoilt:
            aside = _set_aside(path)
            name = path.relative_to(self.run.path)
            self.lines.append(f"{name} could not be read and is now {aside}; {remedy}")

    def index(self) -> None:
        """Write the index anew unless it has all results, and nothing else."""
        index, finished = self.run.index, self.run.finished()
        known = index.read(finished, (self.run.plugins_path,))
        if index.has_spoilt_rows() or known.keys() != finished.keys():
            if index.path.is_dir() and not index.path.is_symlink():
                _set_aside(index.path)
            index.path.unlink(missing_ok=True)
            self.run.records()
            self.lines.append("index.tsv was made anew from the trials")

    def study(self) -> None:
        """Make the study's database anew, if it is broken."""
        path, records = self.run.study_path, self.run.records()
        config, space = self.run.config(), bound_space(self.run)
        about = study_attributes(config, self.run.facts())
        begun = self.run.unfinished()
        was_there = os.path.lexists(path)
        try:
            mirror = Mirror(path, space, costs=config.costs, about=about)
            with closing(mirror):
                missed = mirror.catch_up(records, begun)
        except RunError as error:
            unfinished = path.with_name(f".{path.name}.{os.getpid()}")
            forget(unfinished)
            mirror = Mirror(unfinished, space, costs=config.costs, about=about)
            with closing(mirror):
                mirror.catch_up(records, begun)
            if mirror.note:
                raise RunError(mirror.note) from None
            aside = _set_aside(path, JOURNALS)
            unfinished.replace(path)
            keep_names(self.run.path)
            why = str(error).removeprefix(f"{path}: cannot be used: ").partition(";")[0]
            self.lines.append(
                f"study.db ({why}) was made anew from the trials; what it was is now "
                f"{aside}"
            )
            return
        if mirror.note:
            self.lines.append(mirror.note)
        elif not was_there:
            self.lines.append("study.db was missing and was made from the trials")
        elif missed:
            trials = counted(missed, "trial")
            self.lines.append(f"study.db lacked {trials} and has them now")

    def _write_as_begun(self, wanted: Mapping[Path, str]) -> None:
        for path, text in wanted.items():
            if path.is_file() and read_text(path) == text:
                continue
            path.parent.mkdir(exist_ok=True)
            broken = self._aside(path)
            write_atomic(path, to_bytes(text))
            name = path.relative_to(self.run.path)
            self.lines.append(f"{name} {broken}; it is as the run began")

    def _is_known(self, number: int, row: TrialRecord, own: Own) -> bool:
        """Tell whether a row of the index is of a trial whose result is lost."""
        if row.trial != number or row.status == "stopped":
            return False
        path = self.run.trial_path(number) / ARCHITECTURE
        try:
            own.check(row.architecture)
            return canonical_hash(read(path)) == row.hash
        except ValueError:
            return False

    def _aside(self, path: Path) -> str:
        if not os.path.lexists(path):
            return "was missing"
        return f"could not be used and is now {_set_aside(path)}"


def _set_aside(path: Path, endings: Iterable[str] = ()) -> str:
    """Give a file, and those that go with it, another name; return that."""
    for number in count(1):
        name = f"{path.name}.unreadable" + ("" if number == 1 else f"-{number}")
        if not os.path.lexists(path.with_name(name)):
            break
    for ending in ("", *endings):
        source = path.with_name(path.name + ending)
        if os.path.lexists(source):
            source.rename(path.with_name(name + ending))
    return name
