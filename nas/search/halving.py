"""Successive halving in a run: what of it is on disk, and what is asked of workers."""

from collections.abc import Iterable
from typing import Final

from nas.records import TrialRecord
from nas.report import values
from nas.search.config import SearchConfig
from nas.search.run import RunFolder
from nas.search.scheduler import Promotion, Scheduler

_GROWTH: Final = 1.1
"""Pauses without hope are looked for when so many times the trials have come in."""


class Halving:
    """Who trains how far; without halving, everybody to the end.

    Args:
        run: the folder.
        config: of the search.
        records: of all trials that have come in, stopped ones among them.
    """

    def __init__(
        self, run: RunFolder, config: SearchConfig, records: Iterable[TrialRecord]
    ) -> None:
        self._run = run
        self._epochs = config.recipe.epochs
        self._rungs = config.rungs
        self._costs = config.costs
        self._scheduler = Scheduler(self._rungs, config.eta)
        self._tidied_at = 0.0
        self._paused: set[int] = set()
        self._num_reached = 0
        self._any_whole = False
        reached = {}
        for record in records:
            self._note(record)
            reached[record.trial] = len(record.curve)
        # What was decided stays decided, though more may have come in since.
        self._under_way = [
            Promotion(trial=trial, epochs=epochs)
            for trial, epochs in run.promotions().items()
            if trial in self._paused and epochs > reached[trial]
        ]
        for promotion in self._under_way:
            self._scheduler.promoted(promotion.trial, promotion.epochs)

    @property
    def first_stop(self) -> int | None:
        """After how many epochs new networks pause; None for never."""
        return self.stop(self._rungs[0])

    def stop(self, epochs: int) -> int | None:
        """Return where a training to a rung pauses: nowhere when that is the last."""
        return epochs if epochs < self._epochs else None

    def promotion(self) -> Promotion | None:
        """Return who is to be trained on; it is on disk that it was decided."""
        if self._under_way:
            return self._under_way.pop(0)
        return self._promoted(self._scheduler.promotion())

    def last_promotion(self) -> Promotion | None:
        """Return who is to be trained on lest nobody gets to the end.

        Asked once nothing is trained any more, and nothing else will be.
        """
        if self._any_whole:
            return None
        return self._promoted(self._scheduler.best_paused())

    def take_in(self, record: TrialRecord, *, to_come: int) -> None:
        """Take in a record that is on disk, and remove what nobody needs any more.

        Args:
            record: of a trial that has stopped, failed or come to its end.
            to_come: networks that have not come to the first pause, and still may.
        """
        self._note(record)
        if len(self._rungs) == 1:
            return
        if record.status != "stopped":
            self._run.forget_pause(record.trial)
        if self._num_reached >= self._tidied_at:
            self._tidied_at = _GROWTH * self._num_reached
            self._tidy(to_come)

    def end(self) -> None:
        """Remove all that was kept to go on from, or that a kill left behind."""
        self._tidy(0)
        if len(self._rungs) > 1:
            for trial in self._run.pauses() - self._paused:
                self._run.forget_pause(trial)

    def _note(self, record: TrialRecord) -> None:
        trial = record.trial
        self._paused.discard(trial)
        if record.status == "failed":
            self._scheduler.failed(trial)
            return
        self._num_reached += 1
        self._any_whole |= record.status == "complete"
        if record.status == "stopped":
            self._paused.add(trial)
        reached = dict(record.standings)
        if record.accuracy is not None:
            reached[self._epochs] = record.accuracy
        if len(self._rungs) > 1:
            self._scheduler.take_in(trial, values(record, self._costs), reached)

    def _promoted(self, promotion: Promotion | None) -> Promotion | None:
        if promotion is not None:
            self._run.promote(promotion.trial, promotion.epochs)
            self._scheduler.promoted(promotion.trial, promotion.epochs)
        return promotion

    def _tidy(self, to_come: int) -> None:
        hopeless = self._scheduler.hopeless(to_come) & self._paused
        for trial in hopeless:
            self._run.forget_pause(trial)
        self._paused -= hopeless
