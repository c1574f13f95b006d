"""The reference point of hypervolumes while a search runs."""

from collections.abc import Mapping
from typing import Any

from nas.records import TrialRecord
from nas.report import Reference, is_compared, reference_point
from nas.search.config import SearchConfig


class RunningReference:
    """The reference point of the trials taken in so far, without going through them.

    It is the one that the report has: see `nas.report.reference_point`, which goes by
    the most accurate and the costliest trial alone.

    Args:
        facts: about the data.
        config: of the search.
    """

    def __init__(self, facts: Mapping[str, Any], config: SearchConfig) -> None:
        self._facts = facts
        self._config = config
        self._best: TrialRecord | None = None
        self._costliest: TrialRecord | None = None
        self.point = self._found()

    def take(self, record: TrialRecord) -> bool:
        """Take a trial in; return whether the point is another one since."""
        before, marks = self.point, (self._best, self._costliest)
        cost, *_ = self._config.costs
        if is_compared(record, (cost,)) and _accuracy(record) > _accuracy(self._best):
            self._best = record
        if (spent := cost.of(record)) is not None and (
            self._costliest is None or spent > (cost.of(self._costliest) or 0)
        ):
            self._costliest = record
        if marks != (self._best, self._costliest):
            self.point = self._found()
        return self.point != before

    def _found(self) -> Reference:
        marks = [r for r in (self._best, self._costliest) if r is not None]
        return reference_point(
            marks,
            self._facts,
            self._config.max_params,
            self._config.recipe.objective,
            self._config.costs[0],
        )


def _accuracy(record: TrialRecord | None) -> float:
    return -1.0 if record is None or record.accuracy is None else record.accuracy
