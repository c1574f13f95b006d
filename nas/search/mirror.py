"""``study.db``: the run as an Optuna study, for optuna-dashboard and the like.

Optuna takes 24 ms to store one trial of 20 parameters. It makes the file; the rows are
written here, in one transaction for each change, where the tables are those known. The
trial folders are the source of truth: the mirror is never read for a search, and made
anew where it is missing.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from optuna.distributions import distribution_to_json
from optuna.exceptions import OptunaError

from nas.arch import Architecture
from nas.errors import RunError
from nas.records import TrialRecord
from nas.report import SIZE, CostAxis, has_accuracy, is_compared, values
from nas.search.study import directions
from nas.search.study_file import STUDY, create
from nas.search.tolerant import TolerantDatabase, is_busy
from nas.space import BoundSpace

_TABLES: Final = "v3.2.0.a"
"""Optuna's name for the tables that are written to here."""

_STATES: Final = {"complete": "COMPLETE", "failed": "FAIL", "stopped": "PRUNED"}

_PATIENCE_SECONDS: Final = 5
"""How long another process may write to the file meanwhile."""


class Mirror:
    """Every trained candidate as an Optuna trial of the same number.

    A search does not need it. So what keeps it from being written is told, and then the
    file is left as it is.

    Args:
        path: of the file, which is made where there is none.
        space: that the candidates are from.
        on_note: told why nothing is mirrored, or no longer.
        costs: of the search; a trial without one of them counts as failed.
        about: facts about the search, which a new file gets as the study's attributes.

    Raises:
        RunError: when the file is broken, or not the study of such a search.
    """

    def __init__(
        self,
        path: Path,
        space: BoundSpace,
        on_note: Callable[[str], None] = lambda _: None,
        costs: Sequence[CostAxis] = SIZE,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self._path = path
        self._about = dict(about or {})
        self._on_note = on_note
        self._costs = tuple(costs)
        self._domains = space.domains
        self._distributions = {
            name: domain.distribution() for name, domain in space.domains.items()
        }
        self._texts: dict[str, str] = {}
        self.note: str | None = None
        self._ids: dict[int, int] = {}
        self._running: set[int] = set()
        self._failed: set[int] = set()
        self._database = TolerantDatabase(path, _PATIENCE_SECONDS, self._on_failure)
        self._catching_up = False
        try:
            self._open()
        except sqlite3.Error as error:
            if not is_busy(error):
                self._database.close()
                raise self._broken(str(error)) from None
            self._give_up(str(error))
        except RunError:
            self._database.close()
            raise
        except OptunaError as error:
            self._give_up(str(error).partition("\n")[0])

    def _open(self) -> None:
        is_new = not self._path.exists()
        if is_new:
            create(self._path, self._costs)
        database = self._database
        database.open()
        # Readers (a dashboard) and the one writer don't wait for each other.
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        (found,) = self._row("PRAGMA quick_check(1)")
        if found != "ok":
            raise self._broken(str(found))
        (tables,) = self._row("SELECT version_num FROM alembic_version")
        if tables != _TABLES:
            self._give_up(f"this Optuna has other tables ({tables})")
            return
        (self._study,) = self._row(
            "SELECT study_id FROM studies WHERE study_name = ?", STUDY
        )
        if is_new:
            self._describe()
        rows = database.execute(
            "SELECT direction FROM study_directions WHERE study_id = ? "
            "ORDER BY objective",
            (self._study,),
        ).fetchall()
        names = [str(direction) for (direction,) in rows]
        if names != [direction.name for direction in directions(self._costs)]:
            listed = ", ".join(names)
            raise self._broken(f"its study has other directions ({listed})")
        known = database.execute(
            "SELECT number, trial_id, state FROM trials WHERE study_id = ?",
            (self._study,),
        ).fetchall()
        self._ids = {number: key for number, key, _ in known}
        # One that is pruned may still go on.
        self._running = {
            number for number, _, state in known if state in ("RUNNING", "PRUNED")
        }
        self._failed = {number for number, _, state in known if state == "FAIL"}

    def _describe(self) -> None:
        with self._database as database:
            database.executemany(
                'INSERT INTO study_user_attributes (study_id, "key", value_json) '
                "VALUES (?, ?, ?)",
                [(self._study, k, json.dumps(v)) for k, v in self._about.items()],
            )

    def check(self, finished: Iterable[TrialRecord]) -> None:
        """Refuse a file that has other networks under the numbers of some trials.

        Raises:
            RunError: when it is that of another run.
        """
        if self.note:
            return
        known: dict[int, str] = {}
        with self._database as database:
            rows = database.execute(
                "SELECT number, value_json FROM trials "
                "JOIN trial_user_attributes USING (trial_id) "
                "WHERE study_id = ? AND \"key\" = 'hash'",
                (self._study,),
            )
            known.update(rows)
        for record in finished:
            if known.get(record.trial, f'"{record.hash}"') != f'"{record.hash}"':
                raise self._broken(f"its trial {record.trial} is another network")

    def catch_up(
        self,
        finished: Iterable[TrialRecord],
        unfinished: Mapping[int, Architecture],
        *,
        at_end: bool = False,
    ) -> int:
        """Take in what happened while there was no mirror, as one change.

        Args:
            finished: all trials that have come to their end.
            unfinished: those that have begun and not.
            at_end: of a search, which nothing may spoil: what is broken is told only.

        Returns:
            How many trials it did not know, or not as they are.

        Raises:
            RunError: when the file is that of another run.
        """
        self._catching_up = not at_end
        records = {record.trial: record for record in finished}
        if not at_end:
            self.check(records.values())
        if self.note:
            return 0
        found = set()
        with self._database as database:
            states = dict(
                database.execute(
                    "SELECT number, state FROM trials WHERE study_id = ?",
                    (self._study,),
                )
            )
            for trial in sorted(records.keys() | unfinished.keys()):
                record = records.get(trial)
                if trial not in self._ids:
                    found.add(trial)
                    self._start(
                        trial, record.architecture if record else unfinished[trial]
                    )
                if record and states.get(trial) != self._state(record):
                    found.add(trial)
                    self._finish(record)
        self._catching_up = False
        return len(found)

    def start(self, trial: int, architecture: Architecture) -> None:
        """Add a running trial, or have one run again that was interrupted or failed.

        Nothing stays of what had its number before, which may have been another network
        whose folder is gone.
        """
        if self.note is not None:
            return
        with self._database as database:
            if trial not in self._ids:
                self._start(trial, architecture)
                return
            key = self._ids[trial]
            for table in ("trial_params", "trial_values", "trial_user_attributes"):
                database.execute(f"DELETE FROM {table} WHERE trial_id = ?", (key,))
            self._set_state(trial, "RUNNING", ended=None)
            self._failed.discard(trial)
            self._run(trial, architecture)

    def interrupt(self, trials: Iterable[int]) -> None:
        """Mark trials as failed until they run again: Optuna knows no other word."""
        if self.note is not None:
            return
        now = datetime.now().astimezone()
        with self._database:
            for trial in self._running.intersection(trials):
                self._set_state(trial, "FAIL", ended=now)

    def finish(self, record: TrialRecord) -> None:
        """Give a trial its values, or mark it as pruned or failed; once is enough."""
        if self.note is None and record.trial in self._running:
            with self._database:
                self._finish(record)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _on_failure(self, error: sqlite3.Error) -> None:
        # At the start a user is there to mend it.
        if self._catching_up and not is_busy(error):
            raise self._broken(str(error))
        self._give_up(str(error), is_broken=not is_busy(error))

    def _give_up(self, why: str, *, is_broken: bool = False) -> None:
        """Leave the file as it is from now on."""
        run = self._path.parent
        remedy = f"the next 'nas resume {run}' or 'nas repair' completes it"
        if is_broken:
            remedy = f"'nas repair {run}' makes it anew from the trials"
        self.note = f"{self._path} is not written: {why}; nothing is lost: {remedy}"
        self._on_note(self.note)

    def _broken(self, why: str) -> RunError:
        return RunError(
            f"{self._path}: cannot be used: {why}; 'nas repair {self._path.parent}' "
            "makes it anew from the trials"
        )

    def _start(self, trial: int, architecture: Architecture) -> None:
        # Optuna looks trials up by their place, so those that are gone must keep it.
        for number in range(len(self._ids), trial):
            self._add(number, "FAIL")
        self._add(trial, "RUNNING")
        self._run(trial, architecture)

    def _run(self, trial: int, architecture: Architecture) -> None:
        key = self._ids[trial]
        genes, domains = architecture.genes or {}, self._distributions
        self._database.executemany(
            "INSERT INTO trial_params "
            "(trial_id, param_name, param_value, distribution_json) "
            "VALUES (?, ?, ?, ?)",
            [
                (key, name, domains[name].to_internal_repr(value), self._text(name))
                for name, value in genes.items()
                # Of a file that somebody has edited; Optuna would choke on others.
                if name in self._domains and self._domains[name].contains(value)
            ],
        )
        self._running.add(trial)

    def _finish(self, record: TrialRecord) -> None:
        key = self._ids[record.trial]
        fine = is_compared(record, self._costs)
        ended = datetime.fromisoformat(record.finished).astimezone()
        self._set_state(record.trial, self._state(record), ended=ended)
        if fine:
            reached = (record.accuracy, *values(record, self._costs))
            self._database.executemany(
                "INSERT INTO trial_values (trial_id, objective, value, value_type) "
                "VALUES (?, ?, ?, 'FINITE')",
                [(key, i, value) for i, value in enumerate(reached)],
            )
        self._database.executemany(
            "INSERT OR REPLACE INTO trial_user_attributes "
            '(trial_id, "key", value_json) VALUES (?, ?, ?)',
            [
                (key, name, json.dumps(value))
                for name in ("params", "macs", "hash", "reason", "error", "arm")
                if (value := getattr(record, name)) is not None
            ],
        )
        if record.status != "stopped":
            self._running.discard(record.trial)

    def _state(self, record: TrialRecord) -> str:
        if has_accuracy(record) and not is_compared(record, self._costs):
            return "FAIL"
        return _STATES[record.status]

    def _set_state(self, trial: int, state: str, *, ended: datetime | None) -> None:
        cursor = self._database.execute(
            "UPDATE trials SET state = ?, datetime_complete = ? WHERE trial_id = ?",
            (state, None if ended is None else _time(ended), self._ids[trial]),
        )
        _check_found(cursor)

    def _add(self, number: int, state: str) -> int:
        now = _time(datetime.now().astimezone())
        cursor = self._database.execute(
            "INSERT INTO trials (number, study_id, state, datetime_start) "
            "SELECT ?, study_id, ?, ? FROM studies WHERE study_id = ?",
            (number, state, now, self._study),
        )
        _check_found(cursor)
        key = cursor.lastrowid
        assert key is not None
        self._ids[number] = key
        return key

    def _text(self, gene: str) -> str:
        if gene not in self._texts:
            self._texts[gene] = distribution_to_json(self._distributions[gene])
        return self._texts[gene]

    def _row(self, query: str, *values: object) -> tuple[str | int, ...]:
        """Return the first row."""
        row: tuple[str | int, ...] | None
        row = self._database.execute(query, values).fetchone()
        if row is None:
            raise self._broken(f"it holds no study {STUDY!r}")
        return row


def _check_found(cursor: sqlite3.Cursor) -> None:
    """Refuse to go on where a change has met nothing.

    Who renames a study in optuna-dashboard gets a copy, and the study itself is gone.
    """
    if cursor.rowcount < 1:
        raise sqlite3.DatabaseError(
            "its study is gone, renamed or deleted perhaps in optuna-dashboard"
        )


def _time(moment: datetime) -> str:
    """Return a time as Optuna stores it: local, without a zone."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
