"""``study.db``: the run as an Optuna study, for optuna-dashboard and the like.

Optuna takes 24 ms to store one trial of 20 parameters. It makes the file; the rows are
written here, in one transaction for each change, where the tables are those known. The
trial folders are the source of truth: the mirror is never read for a search, and made
anew where it is missing.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import optuna
from optuna.distributions import distribution_to_json

from nas.arch import Architecture
from nas.errors import RunError
from nas.records import TrialRecord
from nas.search.study import DIRECTIONS, quiet_optuna
from nas.space import BoundSpace

_STUDY: Final = "nas"
_METRICS: Final = ["accuracy", "params"]
_TABLES: Final = "v3.2.0.a"
"""Optuna's name for the tables that are written to here."""

_STATES: Final = {"complete": "COMPLETE", "failed": "FAIL", "stopped": "PRUNED"}

_PATIENCE_SECONDS: Final = 30
"""How long another process may write to the file meanwhile."""


class Mirror:
    """Every trained candidate as an Optuna trial of the same number.

    ``note`` says why nothing is mirrored, if that is so.

    Raises:
        RunError: when the file is no database.
    """

    def __init__(self, path: Path, space: BoundSpace) -> None:
        self._distributions = {
            name: domain.distribution() for name, domain in space.domains.items()
        }
        self._texts: dict[str, str] = {}
        self.note: str | None = None
        if not path.exists():
            _create(path)
        try:
            self._database = sqlite3.connect(path, timeout=_PATIENCE_SECONDS)
            # Readers (a dashboard) and the one writer don't wait for each other.
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            (tables,) = self._row("SELECT version_num FROM alembic_version")
            if tables != _TABLES:
                self.note = (
                    f"{path} is not written: this Optuna has other tables ({tables})"
                )
                return
            (self._study,) = self._row(
                "SELECT study_id FROM studies WHERE study_name = ?", _STUDY
            )
            known = self._database.execute(
                "SELECT number, trial_id, state FROM trials WHERE study_id = ?",
                (self._study,),
            ).fetchall()
        except (sqlite3.DatabaseError, TypeError) as error:
            raise RunError(
                f"{path}: cannot be used: {error}; delete it, it is made anew"
            ) from None
        self._ids: dict[int, int] = {number: key for number, key, _ in known}
        # One that is pruned may still go on.
        self._running = {
            number for number, _, state in known if state in ("RUNNING", "PRUNED")
        }
        self._failed = {number for number, _, state in known if state == "FAIL"}

    def catch_up(
        self, finished: Iterable[TrialRecord], unfinished: Mapping[int, Architecture]
    ) -> None:
        """Take in what happened while there was no mirror, as one change."""
        if self.note:
            return
        records = {record.trial: record for record in finished}
        with self._database:
            for trial in sorted(records.keys() | unfinished.keys()):
                record = records.get(trial)
                if trial not in self._ids:
                    self._start(
                        trial, record.architecture if record else unfinished[trial]
                    )
                if record is not None and (
                    trial in self._running
                    or (trial in self._failed and record.status != "failed")
                ):
                    self._finish(record)

    def start(self, trial: int, architecture: Architecture) -> None:
        """Add a running trial, or have one run again that was interrupted or failed."""
        if self.note is not None or (trial in self._ids and trial not in self._failed):
            return
        with self._database:
            if trial in self._ids:
                self._set_state(trial, "RUNNING", ended=None)
                self._running.add(trial)
                self._failed.discard(trial)
            else:
                self._start(trial, architecture)

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

    def _start(self, trial: int, architecture: Architecture) -> None:
        # Optuna looks trials up by their place, so those that are gone must keep it.
        for number in range(len(self._ids), trial):
            self._add(number, "FAIL")
        key = self._add(trial, "RUNNING")
        genes, domains = architecture.genes or {}, self._distributions
        self._database.executemany(
            "INSERT INTO trial_params "
            "(trial_id, param_name, param_value, distribution_json) "
            "VALUES (?, ?, ?, ?)",
            [
                (key, name, domains[name].to_internal_repr(value), self._text(name))
                for name, value in genes.items()
            ],
        )
        self._running.add(trial)

    def _finish(self, record: TrialRecord) -> None:
        key = self._ids[record.trial]
        fine = record.status == "complete"
        ended = datetime.fromisoformat(record.finished).astimezone()
        self._set_state(record.trial, _STATES[record.status], ended=ended)
        if fine:
            self._database.executemany(
                "INSERT INTO trial_values (trial_id, objective, value, value_type) "
                "VALUES (?, ?, ?, 'FINITE')",
                [(key, 0, record.accuracy), (key, 1, record.params)],
            )
        self._database.executemany(
            "INSERT OR REPLACE INTO trial_user_attributes "
            '(trial_id, "key", value_json) VALUES (?, ?, ?)',
            [
                (key, name, json.dumps(value))
                for name in ("params", "macs", "hash", "reason", "arm")
                if (value := getattr(record, name)) is not None
            ],
        )
        if record.status != "stopped":
            self._running.discard(record.trial)

    def _set_state(self, trial: int, state: str, *, ended: datetime | None) -> None:
        self._database.execute(
            "UPDATE trials SET state = ?, datetime_complete = ? WHERE trial_id = ?",
            (state, None if ended is None else _time(ended), self._ids[trial]),
        )

    def _add(self, number: int, state: str) -> int:
        now = _time(datetime.now().astimezone())
        cursor = self._database.execute(
            "INSERT INTO trials (number, study_id, state, datetime_start) "
            "VALUES (?, ?, ?, ?)",
            (number, self._study, state, now),
        )
        key = cursor.lastrowid
        assert key is not None
        self._ids[number] = key
        return key

    def _text(self, gene: str) -> str:
        if gene not in self._texts:
            self._texts[gene] = distribution_to_json(self._distributions[gene])
        return self._texts[gene]

    def _row(self, query: str, *values: object) -> tuple[str | int, ...]:
        """Return the first row; there is a TypeError in using none."""
        row: tuple[str | int, ...] = self._database.execute(query, values).fetchone()
        return row


def _create(path: Path) -> None:
    """Make an empty study, which is there as a whole or not at all."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    with quiet_optuna():
        study = optuna.create_study(
            storage=f"sqlite:///{unfinished}", study_name=_STUDY, directions=DIRECTIONS
        )
        study.set_metric_names(_METRICS)
    unfinished.replace(path)


def _time(moment: datetime) -> str:
    """Return a time as Optuna stores it: local, without a zone."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
