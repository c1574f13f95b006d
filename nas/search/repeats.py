"""Networks of the front trained again, from further seeds."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from nas.executors import Executor
from nas.noise import Repeat
from nas.records import EvalRequest, EvalResult, Recipe, TrialRecord
from nas.report import judged, pareto_front
from nas.search.arms import derived_seed
from nas.search.events import Event, Repeated
from nas.search.noise_files import finish_repeat, read_repeats, start_repeat
from nas.search.run import RunFolder

FOLLOWED: Final = 2
"""Most networks that ``--repeats`` trains again, in those of the first front."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    record: TrialRecord
    number: int
    alone: bool = False


class Repeater:
    """Trains networks of a run again and keeps the results as their repeats.

    Args:
        run: the folder, which is owned.
        seed: of the search.
        recipe: of all its trainings, but for what trials have of their own.
        executor: has nothing else to do.
        on_event: told of every repeat.
        now: the clock.
    """

    def __init__(
        self,
        run: RunFolder,
        seed: int,
        recipe: Recipe,
        executor: Executor,
        on_event: Callable[[Event], None],
        now: Callable[[], datetime],
    ) -> None:
        self.run_folder = run
        self.seed = seed
        self.recipe = recipe
        self.executor = executor
        self.on_event = on_event
        self.now = now

    def repeat_front(self, records: Sequence[TrialRecord], trainings: int) -> None:
        """Have every network of the front trained so many times, the first included.

        Where one falls back, the front changes and others come onto it that were lucky
        once: they follow, up to ``FOLLOWED`` times as many networks as there were.
        """
        first = {r.trial for r in pareto_front(records)}
        most = FOLLOWED * len(first)
        chosen = set(first)
        while True:
            self.repeat([r for r in records if r.trial in chosen], trainings)
            now = judged(records, read_repeats(self.run_folder))
            front = {r.trial for r in pareto_front(now)}
            new = sorted(front - chosen)[: most - len(chosen)]
            if not new:
                return
            chosen.update(new)

    def repeat(self, records: Iterable[TrialRecord], trainings: int) -> None:
        """Have trials trained so many times, the first and earlier repeats included."""
        done = read_repeats(self.run_folder)
        due: deque[_Job] = deque()
        for record in records:
            known = {repeat.number for repeat in done.get(record.trial, ())}
            due += [
                _Job(record=record, number=number)
                for number in range(2, trainings + 1)
                if number not in known
            ]
        total, finished, next_key = len(due), 0, 0
        running: dict[int, _Job] = {}
        while due or running:
            while due and len(running) < self.executor.capacity:
                running[next_key] = due.popleft()
                self._submit(next_key, running[next_key])
                next_key += 1
            for result in self.executor.wait(timeout_seconds=None):
                job = running.pop(result.trial)
                if result.reason == "out of memory" and not job.alone:
                    due.appendleft(replace(job, alone=True))
                    continue
                finished += 1
                repeat = self._finish(job, result)
                self.on_event(Repeated(repeat=repeat, finished=finished, asked=total))

    def _submit(self, key: int, job: _Job) -> None:
        record = job.record
        folder = start_repeat(self.run_folder, record.trial, job.number)
        self.executor.submit(
            EvalRequest(
                # Two repeats of a trial may run at once, so its number names neither.
                trial=key,
                architecture=record.architecture,
                recipe=record.trained_with(self.recipe),
                seed=self._seed(job),
                folder=str(folder),
                alone=job.alone,
            )
        )

    def _finish(self, job: _Job, result: EvalResult) -> Repeat:
        repeat = Repeat(
            trial=job.record.trial,
            number=job.number,
            status=result.status,
            seconds=result.seconds,
            accuracy=result.accuracy,
            loss=result.loss,
            curve=result.curve,
            seed=self._seed(job),
            device=result.device,
            error=result.error,
            reason=result.reason,
            batch_size=job.record.batch_size,
            finished=self.now().isoformat(timespec="seconds"),
        )
        finish_repeat(self.run_folder, repeat)
        return repeat

    def _seed(self, job: _Job) -> int:
        return derived_seed(f"{self.seed}/{job.record.trial}/{job.number}")
