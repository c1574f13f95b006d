"""Contenders trained from scratch, each from several seeds, and tested once."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from nas.executors import Executor
from nas.records import EvalResult
from nas.retraining import Protocol, Retraining
from nas.search.arms import derived_seed
from nas.search.config import SearchConfig
from nas.search.contenders import Contender
from nas.search.events import (
    Event,
    Notice,
    RetrainingBegun,
    RetrainingFinished,
    RetrainingStarted,
)
from nas.search.jobs import Job, train_all
from nas.search.mending import file_digest
from nas.search.retrain_files import (
    RETRAINED,
    Retrained,
    Shelf,
    enter,
    finish_training,
    forget,
    read_retrained,
    start_training,
    weights_path,
)
from nas.search.run import RunFolder
from nas.search.time_limits import TimeLimits

_Place = tuple[str, int]
"""A contender's name, and the number of the training."""


class Retrainer:
    """Trains contenders by one protocol and keeps the results in the run.

    Args:
        run: the folder, which is owned.
        config: of the search.
        executor: has nothing else to do; its workers have the test split.
        limits: of the time that trainings take.
        protocol: what all trainings have in common.
        on_event: told of every training.
        now: the clock.
        shelf: where they are kept.
    """

    def __init__(
        self,
        run: RunFolder,
        config: SearchConfig,
        executor: Executor,
        limits: TimeLimits,
        protocol: Protocol,
        on_event: Callable[[Event], None],
        now: Callable[[], datetime],
        shelf: Shelf = RETRAINED,
    ) -> None:
        self.run_folder = run
        self.config = config
        self.executor = executor
        self.limits = limits
        self.protocol = protocol
        self.on_event = on_event
        self.now = now
        self.shelf = shelf

    def train(self, contenders: Sequence[Contender], seeds: int) -> None:
        """Have each contender trained from so many seeds, earlier ones included.

        What has failed is tried again, unless it diverged, which it would do again; so
        is what has other weights now than it was trained to.
        """
        contenders = self._entered(contenders)
        before = self._finished()
        done = {
            (training.contender, training.number)
            for each in before
            for training in each.trainings
            if training.reason == "diverged"
            or (training.tested is not None and not self._is_torn(training))
        }
        # Seed by seed, so that an interrupted comparison has all contenders in it.
        due = [
            self._job(contender, number)
            for number in range(1, seeds + 1)
            for contender in contenders
            if (contender.name, number) not in done
        ]
        finished = 0

        def on_finished(job: Job[_Place], result: EvalResult) -> None:
            nonlocal finished
            finished += 1
            training = self._finish(job, result)
            tested = training.tested
            self.on_event(
                RetrainingFinished(
                    training=training,
                    accuracy=None if tested is None else tested.objective(job.recipe),
                    finished=finished,
                    asked=len(due),
                )
            )

        self.on_event(
            RetrainingBegun(
                path=self.run_folder.path,
                contenders=tuple(contender.name for contender in contenders),
                epochs=tuple(
                    self.protocol.applied(each.recipe).epochs for each in contenders
                ),
                seeds=seeds,
                asked=len(due),
                workers=self.executor.capacity,
            )
        )
        train_all(
            self.executor,
            due,
            on_finished,
            limits=self.limits,
            retries=self.config.retries,
            on_note=lambda text: self.on_event(Notice(text=text)),
        )

    def _entered(self, contenders: Sequence[Contender]) -> list[Contender]:
        """Return the contenders, those that go on with the recipe they began with.

        Who has finished no training, or lost what tells how, begins anew. A trial's
        recipe is its own, and cannot be lost.
        """
        begun = {each.contender.name: each.contender for each in self._finished()}
        entered = []
        for contender in contenders:
            known = begun.get(contender.name)
            if known is None:
                if contender.trial is None:
                    forget(self.run_folder, self.protocol, contender.name, self.shelf)
                enter(self.run_folder, self.protocol, contender, self.shelf)
            elif known.recipe != contender.recipe:
                self.on_event(
                    Notice(
                        text=f"{contender.name} goes on with the recipe that it began "
                        "with, which is another one now"
                    )
                )
            entered.append(known or contender)
        return entered

    def _finished(self) -> tuple[Retrained, ...]:
        return read_retrained(self.run_folder, self.shelf).get(self.protocol, ())

    def _is_torn(self, training: Retraining) -> bool:
        """Tell whether weights are others now; those that were removed are not."""
        path = weights_path(
            self.run_folder,
            self.protocol,
            training.contender,
            training.number,
            self.shelf,
        )
        return path.is_file() and file_digest(path) != training.weights

    def _job(self, contender: Contender, number: int) -> Job[_Place]:
        return Job(
            key=(contender.name, number),
            what=f"{contender.name}, seed {number}",
            architecture=contender.architecture,
            recipe=self.protocol.applied(contender.recipe),
            # The same for all contenders: differences between them are paired.
            seed=derived_seed(f"{self.config.seed}/retrain/{number}"),
            prepare=partial(self._begin, contender, number),
            row=f"retrain/{self.protocol.folder}/{contender.name}",
        )

    def _begin(self, contender: Contender, number: int) -> Path:
        folder = start_training(
            self.run_folder, self.protocol, contender.name, number, self.shelf
        )
        self.on_event(RetrainingStarted(contender=contender.name, number=number))
        return folder

    def _finish(self, job: Job[_Place], result: EvalResult) -> Retraining:
        contender, number = job.key
        training = Retraining(
            contender=contender,
            number=number,
            status=result.status,
            seconds=result.seconds,
            tested=result.tested,
            curve=result.curve,
            seed=job.seed,
            device=result.device,
            error=result.error,
            reason=result.reason,
            batch_size=job.attempt.batch_size,
            finished=self.now().isoformat(timespec="seconds"),
            weights=result.weights if self.shelf.keeps_weights else None,
        )
        finish_training(
            self.run_folder, self.protocol, training, result.traceback, self.shelf
        )
        return training
