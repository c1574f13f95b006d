"""What a sampler knows of a study: results, failures, and what is under way."""

import math
from collections.abc import Hashable
from typing import Any, Final

import numpy as np
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from nas.search.samplers.activity import Activity
from nas.search.samplers.codes import Codes, Rows
from nas.search.samplers.partial import partial_result
from nas.search.samplers.sizes import Sizes, log_size

_UP: Final = StudyDirection.MAXIMIZE
_DOWN: Final = StudyDirection.MINIMIZE


class History:
    """The trials of a study as rows; each finished trial is read once.

    Attributes:
        rows: canonical rows of the results, NaN where a gene is not in use.
        values: their accuracies.
        sizes: the log of their sizes.
        costs: the logs of their costs, size alone or what the study minimizes.
        partial: accuracies by fidelity of networks whose training was stopped, and
            maybe taken up again, by the bytes of their rows.
        failed: rows that failed, came without a finite accuracy or broke a constraint.
        running: rows under way, those in the study's queue too.
        seen: the bytes of all rows proposed or finished.
        taken: their identities.
    """

    def __init__(self, codes: Codes, activity: Activity, sizes: Sizes) -> None:
        self.codes = codes
        self.activity = activity
        self.counted = sizes
        self.rows: list[Rows] = []
        self.values: list[float] = []
        self.sizes: list[float] = []
        self.costs: list[list[float]] = []
        self.partial: dict[bytes, dict[float, float]] = {}
        self.failed: list[Rows] = []
        self.running: list[Rows] = []
        self.seen: set[bytes] = set()
        self.taken: set[Hashable] = set()
        self.proposed: dict[int, Rows] = {}
        self._read: set[int] = set()
        self._unread_from = 0

    def update(self, study: Study, current: int) -> None:
        """Read what has happened since the last time, but for the current trial.

        Raises:
            ValueError: when the study does not maximize one value and minimize as many
                others as there are costs.
        """
        if study.directions != [_UP, *[_DOWN] * self.counted.num_costs]:
            shown = ", ".join(d.name.lower() for d in study.directions)
            raise ValueError(
                "SizeAwareSampler needs a study that maximizes accuracy and minimizes "
                f"size; got directions ({shown}); use directions=('maximize', "
                "'minimize')"
            )
        self.running = []
        trials = study.get_trials(deepcopy=False)
        for trial in trials[self._unread_from :]:
            number = trial.number
            if number == current or number in self._read:
                continue
            if trial.state.is_finished():
                self._read.add(number)
                self._finish(trial)
            elif (row := self._row(trial)) is not None:
                self.running.append(row)
                self._take(row)
        while self._unread_from in self._read:
            self._read.discard(self._unread_from)
            self._unread_from += 1

    @property
    def stopped(self) -> list[Rows]:
        """Rows of the networks whose training has only been stopped so far."""
        if not self.partial:
            return []
        whole = {row.tobytes() for row in self.rows}
        return [np.frombuffer(key) for key in self.partial if key not in whole]

    @property
    def trained(self) -> list[Rows]:
        """Rows of the results, then of what was stopped."""
        return [*self.rows, *self.stopped]

    def arrays(self) -> tuple[Rows, Rows, Rows]:
        """Return the results: rows, accuracies (N,) and log costs (N, D)."""
        return np.stack(self.rows), np.array(self.values), np.array(self.costs)

    def _take(self, row: Rows) -> None:
        if (key := row.tobytes()) not in self.seen:
            self.seen.add(key)
            self.taken.add(self.counted.identity(row))

    def _finish(self, trial: FrozenTrial) -> None:
        row = self._row(trial)
        self.proposed.pop(trial.number, None)
        if row is None:
            return
        self._take(row)
        if (stopped := partial_result(trial)) is not None:
            fidelity, accuracy = stopped
            self.partial.setdefault(row.tobytes(), {})[fidelity] = accuracy
            return
        values: Any = trial.values
        if (
            trial.state != TrialState.COMPLETE
            or not all(map(math.isfinite, values))
            or any(by_how_much > 0 for by_how_much in trial.constraints.values())
        ):
            self.failed.append(row)
            return
        self.rows.append(row)
        self.values.append(float(values[0]))
        self.costs.append([log_size(float(value)) for value in values[1:]])
        self.sizes.append(
            self.costs[-1][0]
            if self.counted.are_costs
            else float(self.counted.exact(row[None])[0])
        )

    def _row(self, trial: FrozenTrial) -> Rows | None:
        """Return a trial's row; None where its genes are not ours, or not known yet."""
        stopped = partial_result(trial) is not None
        complete = trial.state == TrialState.COMPLETE or stopped
        params = trial.params if complete else fixed_params(trial) | trial.params
        proposed = self.proposed.get(trial.number)
        if not params.keys() & set(self.codes.names) and proposed is None:
            return None
        try:
            row = self.codes.encode(params)
        except (ValueError, TypeError):
            return None
        if complete:
            self.activity.note(row)
            return row
        # It may be about to ask for more genes, or failed before it could.
        if proposed is not None:
            row = np.where(np.isnan(row), proposed, row)
        whole = self.activity.settled(np.nan_to_num(row))
        row = self.activity.settled(row)
        return row if np.array_equal(np.isnan(row), np.isnan(whole)) else None


def fixed_params(trial: FrozenTrial) -> dict[str, Any]:
    """Return the parameters that a trial from the study's queue came with."""
    fixed: dict[str, Any] = trial.system_attrs.get("fixed_params", {})
    return fixed
