"""Networks of the front trained again, from further seeds."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from nas.executors import Executor
from nas.noise import Repeat
from nas.records import EvalResult, TrialRecord
from nas.report import judged, pareto_front
from nas.search.arms import derived_seed
from nas.search.config import SearchConfig
from nas.search.events import Event, Notice, Repeated
from nas.search.jobs import Job, train_all
from nas.search.noise_files import finish_repeat, read_repeats, start_repeat
from nas.search.run import RunFolder
from nas.search.time_limits import TimeLimits

FOLLOWED: Final = 2
"""Most networks that ``--repeats`` trains again, in those of the first front."""

_Place = tuple[int, int]
"""A trial, and the number of the training."""


class Repeater:
    """Trains networks of a run again and keeps the results as their repeats.

    Args:
        run: the folder, which is owned.
        config: of the search.
        executor: has nothing else to do.
        limits: of the time that trainings take.
        on_event: told of every repeat.
        now: the clock.
    """

    def __init__(
        self,
        run: RunFolder,
        config: SearchConfig,
        executor: Executor,
        limits: TimeLimits,
        on_event: Callable[[Event], None],
        now: Callable[[], datetime],
    ) -> None:
        self.run_folder = run
        self.config = config
        self.executor = executor
        self.limits = limits
        self.on_event = on_event
        self.now = now

    def repeat_front(self, records: Sequence[TrialRecord], trainings: int) -> None:
        """Have every network of the front trained so many times, the first included.

        Where one falls back, the front changes and others come onto it that were lucky
        once: they follow, up to ``FOLLOWED`` times as many networks as there were.
        """
        costs = self.config.costs
        first = {r.trial for r in pareto_front(records, costs)}
        most = FOLLOWED * len(first)
        chosen = set(first)
        while True:
            self.repeat([r for r in records if r.trial in chosen], trainings)
            now = judged(records, read_repeats(self.run_folder))
            front = {r.trial for r in pareto_front(now, costs)}
            new = sorted(front - chosen)[: most - len(chosen)]
            if not new:
                return
            chosen.update(new)

    def repeat(self, records: Sequence[TrialRecord], trainings: int) -> None:
        """Have trials trained so many times, the first and earlier repeats included."""
        done = read_repeats(self.run_folder)
        due = []
        for record in records:
            known = {repeat.number for repeat in done.get(record.trial, ())}
            due += [
                self._job(record, number)
                for number in range(2, trainings + 1)
                if number not in known
            ]
        batch_sizes = {record.trial: record.batch_size for record in records}
        finished = 0

        def on_finished(job: Job[_Place], result: EvalResult) -> None:
            nonlocal finished
            finished += 1
            own = job.attempt.batch_size or batch_sizes[job.key[0]]
            repeat = self._finish(job, result, own)
            self.on_event(Repeated(repeat=repeat, finished=finished, asked=len(due)))

        train_all(
            self.executor,
            due,
            on_finished,
            limits=self.limits,
            retries=self.config.retries,
            on_note=lambda text: self.on_event(Notice(text=text)),
        )

    def _job(self, record: TrialRecord, number: int) -> Job[_Place]:
        return Job(
            key=(record.trial, number),
            what=f"trial {record.trial}, training {number}",
            architecture=record.architecture,
            recipe=record.trained_with(self.config.recipe),
            seed=derived_seed(f"{self.config.seed}/{record.trial}/{number}"),
            prepare=partial(start_repeat, self.run_folder, record.trial, number),
            row=f"{self.run_folder.row(record.trial)}/repeats",
        )

    def _finish(
        self, job: Job[_Place], result: EvalResult, batch_size: int | None
    ) -> Repeat:
        trial, number = job.key
        repeat = Repeat(
            trial=trial,
            number=number,
            status=result.status,
            seconds=result.seconds,
            accuracy=result.accuracy,
            loss=result.loss,
            curve=result.curve,
            seed=job.seed,
            device=result.device,
            error=result.error,
            reason=result.reason,
            batch_size=batch_size,
            finished=self.now().isoformat(timespec="seconds"),
        )
        finish_repeat(self.run_folder, repeat)
        return repeat
