"""Where an arm of a search stands, after each of its trials."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nas.records import TrialRecord
from nas.report import Front, Reference, has_accuracy
from nas.report.bands import Band, band_of
from nas.report.hypervolume import dominated
from nas.search.board.tags import (
    BEST,
    BEST_BY_EPOCHS,
    FAILED,
    FINISHED,
    HYPERVOLUME,
    HYPERVOLUME_BY_EPOCHS,
    STOPPED,
    in_band,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What some curves come to at a step, by their tags."""

    step: int
    values: Mapping[str, float]


class Curves:
    """The curves of an arm, from the trials taken in so far.

    Args:
        reference: what hypervolumes are measured from.
        bands: of size.
    """

    def __init__(self, reference: Reference, bands: Sequence[Band]) -> None:
        self._reference = reference
        self._tags = {band: in_band(n, band) for n, band in enumerate(bands, 1)}
        self._front = Front(costs=(reference.cost,))
        self._hypervolume = 0.0
        self._best: dict[str, float] = {}
        self._epochs = 0
        self._epochs_shown = 0
        self._known: dict[int, TrialRecord] = {}
        self._statuses: Counter[str] = Counter()

    def take(self, record: TrialRecord) -> list[Point]:
        """Take a trial in; return the points that the curves go on with.

        One that has paused and gone on since is no further trial: against trials, what
        it came to is seen with the next one.
        """
        before = self._known.get(record.trial)
        if before is not None:
            self._epochs -= before.trained_epochs
            self._statuses[before.status] -= 1
        self._known[record.trial] = record
        self._epochs += record.trained_epochs
        self._statuses[record.status] += 1
        if self._front.insert(record):
            self._hypervolume = dominated(self._front, self._reference)
        if has_accuracy(record) and record.accuracy is not None:
            self._reached(BEST, record.accuracy)
            band = band_of(record.params, self._tags)
            if band is not None:
                self._reached(self._tags[band], record.accuracy)
        points = []
        if before is None:
            points.append(Point(step=len(self._known), values=self._against_trials()))
        if self._epochs > self._epochs_shown:
            self._epochs_shown = self._epochs
            points.append(Point(step=self._epochs, values=self._against_epochs()))
        return points

    def _reached(self, tag: str, accuracy: float) -> None:
        self._best[tag] = max(accuracy, self._best.get(tag, 0.0))

    def _against_trials(self) -> dict[str, float]:
        return {
            HYPERVOLUME: self._hypervolume,
            **self._best,
            FINISHED: len(self._known),
            FAILED: self._statuses["failed"],
            STOPPED: self._statuses["stopped"],
        }

    def _against_epochs(self) -> dict[str, float]:
        # Arms have had equal shares at equal epochs, also where one of them stops most
        # of its trials early.
        found = {HYPERVOLUME_BY_EPOCHS: self._hypervolume}
        best = self._best.get(BEST)
        return found if best is None else found | {BEST_BY_EPOCHS: best}
