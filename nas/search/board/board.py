"""The events of a search, from its records."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from nas.noise import Repeat
from nas.records import Arm, TrialRecord
from nas.report import Front, judged, pareto_front
from nas.report.bands import size_bands
from nas.search.board.charts import charts
from nas.search.board.curves import Curves
from nas.search.board.event_log import EventLog
from nas.search.board.kept import kept_looks
from nas.search.board.looks import Looks
from nas.search.board.rows import all_columns, complete_row
from nas.search.board.running_reference import RunningReference
from nas.search.board.tags import (
    ABOUT,
    CURVE,
    FAILURES,
    FRONT,
    FRONT_OF_MEANS,
    IMPORTANCE,
)
from nas.search.board.texts import about, failures
from nas.search.bound_space import bound_space
from nas.search.run import RunFolder

FOLDER: Final = "search"
"""The events of a search in its run's folder; those of its baseline are in there."""

_FEW: Final = 5
"""Trials from which on a picture of their front says something."""

_MANY: Final = 50
"""Trials from which on importances are worth their time while a search runs."""


class Board:
    """Writes the events of a search, as its trials come in or of all at once.

    They come from nothing but the records: whatever became of events of before, they
    are written anew, and stand at the times at which the trials ended.

    Args:
        run: the folder, which is owned.
        records: of the trials that are finished.
        repeats: of trials.
        say: is told, once each, what cannot be shown, and why.

    Raises:
        OSError: here as in every method, when events cannot be written.
        NasError: when the run cannot be read.
    """

    def __init__(
        self,
        run: RunFolder,
        records: Iterable[TrialRecord],
        repeats: Mapping[int, Sequence[Repeat]],
        say: Callable[[str], None],
    ) -> None:
        file = run.file()
        self._run = run
        self._path = run.path / FOLDER
        self._config = file.config
        self._facts = file.data
        self._about = about(file, str(run.path))
        space = bound_space(run)
        self._columns = all_columns(space, self._config)
        self._bands = size_bands(space.min_params, space.max_params)
        self._looks = Looks(file, kept_looks(self._path), say)
        self._repeats = {trial: list(some) for trial, some in repeats.items()}
        self._records = {record.trial: record for record in records}
        self._reference = RunningReference(self._facts, self._config)
        for record in self._records.values():
            self._reference.take(record)
        self._logs: dict[Arm, EventLog] = {}
        self._has_paused = False
        self._write_anew()

    def take(self, record: TrialRecord) -> None:
        """Take in a trial that has finished or paused."""
        self._has_paused |= record.status == "stopped"
        if record.status == "failed" or record.trial not in self._records:
            complete_row(self._run, record, self._config.recipe)
        self._records[record.trial] = record
        if self._reference.take(record):
            self._write_anew()  # or the curves would be on two scales
            return
        self._add(record)
        if self._front.insert(record):
            self._show_front(self._front)

    def repeated(self, repeat: Repeat) -> None:
        """Take in that a trial was trained again."""
        self._repeats.setdefault(repeat.trial, []).append(repeat)

    def flush(self) -> None:
        """Let TensorBoard see what has been taken in."""
        for log in self._logs.values():
            log.flush()

    def finish(
        self, *, quickly: bool = False, weighed: Mapping[str, float] | None = None
    ) -> None:
        """Close the files; they show all that there is now.

        Args:
            quickly: leave out what takes long.
            weighed: the importances of genes, where somebody knows them.
        """
        if self._has_paused:
            self._write_anew()  # the order is that of the ends now
        self._show_failures()
        if self._records and not quickly:
            self._look(anew=True, weighed=weighed)
            if self._repeats:
                self._show_means()
        for log in self._logs.values():
            log.close()

    def abandon(self) -> None:
        """Close the files, of which no more can be written."""
        for log in self._logs.values():
            log.abandon()

    def _write_anew(self) -> None:
        """Write all events to new files, instead of those that there were."""
        self.abandon()
        self._logs = {"search": EventLog(self._path)}
        arms = {record.arm for record in self._records.values()}
        if self._config.baseline is not None or "random" in arms:
            self._logs["random"] = EventLog(self._path / "random")
        self._curves = {
            arm: Curves(self._reference.point, self._bands) for arm in self._logs
        }
        self._front = Front(costs=self._config.costs)
        self._shown: dict[int, TrialRecord] = {}
        self._curves_shown: set[int] = set()
        self._failed: list[TrialRecord] = []
        self._failures_shown = 0
        self._drawn_at = self._weighed_at = 0
        self._at = 0.0
        ordered = sorted(self._records.values(), key=lambda r: (r.finished, r.trial))
        if ordered:
            self._at = _seconds(ordered[0])
        self._logs["search"].text(ABOUT, self._about, 0, self._at)
        self._logs["search"].columns(self._columns, 0, self._at)
        for record in ordered:
            self._add(record, again=True)
            self._front.insert(record)
        self._show_front(self._front)
        for log in self._logs.values():
            log.forget_earlier()

    def _add(self, record: TrialRecord, *, again: bool = False) -> None:
        """Go on with the curves, and what is shown now and then."""
        is_new = record.trial not in self._shown
        self._shown[record.trial] = record
        self._at = _seconds(record)
        for point in self._curves[record.arm].take(record):
            self._logs[record.arm].scalars(point.values, point.step, self._at)
        if record.status == "failed":
            self._failed.append(record)
            if not str(len(self._failed)).rstrip("0")[2:]:  # two digits, then zeros
                self._show_failures()
        number = len(self._shown)
        is_round = number >= _FEW and str(number).rstrip("0") in ("1", "2", "5")
        if is_new and is_round:
            self._look(anew=not again and number >= _MANY)

    def _look(self, *, anew: bool, weighed: Mapping[str, float] | None = None) -> None:
        """Show what takes too long to be shown for every trial, once."""
        step, records = len(self._shown), list(self._shown.values())
        log, at = self._logs["search"], self._at
        if self._drawn_at < step:
            self._drawn_at = step
            if (png := self._looks.front(records, at)) is not None:
                log.picture(FRONT, png, step, at)
        if self._weighed_at < step:
            shown = judged(records, self._repeats)
            found = weighed or self._looks.importances(shown, at, anew=anew)
            if found:
                self._weighed_at = step
                log.scalars({IMPORTANCE + g: v for g, v in found.items()}, step, at)

    def _show_means(self) -> None:
        """Show the front as repeats have shown it to be."""
        records = judged(self._shown.values(), self._repeats)
        self._show_front(pareto_front(records, self._config.costs))
        if (png := self._looks.drawn(records)) is not None:
            self._logs["search"].picture(FRONT_OF_MEANS, png, len(records), self._at)

    def _show_front(self, front: Iterable[TrialRecord]) -> None:
        """Add the curves of the front's trials that have none yet."""
        log, front = self._logs["search"], list(front)
        for record in front:
            if record.trial not in self._curves_shown:
                self._curves_shown.add(record.trial)
                for epoch, accuracy in enumerate(record.curve):
                    point = {f"{CURVE}{record.trial}": accuracy}
                    log.scalars(point, epoch, _seconds(record))
        layout = charts(sorted(record.trial for record in front))
        log.charts(layout, len(self._shown), self._at)

    def _show_failures(self) -> None:
        if len(self._failed) > self._failures_shown:
            self._failures_shown = len(self._failed)
            text = failures(self._failed)
            self._logs["search"].text(FAILURES, text, len(self._shown), self._at)


def _seconds(record: TrialRecord) -> float:
    """Return when a trial ended, in seconds since 1970."""
    return datetime.fromisoformat(record.finished).timestamp()
