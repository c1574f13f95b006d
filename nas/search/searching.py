"""Candidates on their way: proposed, trained, perhaps trained on, recorded."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from nas.arch import Architecture
from nas.errors import SearchFailed, counted
from nas.executors import Executor
from nas.latency import Latency
from nas.nn.cost import cost
from nas.records import Arm, EvalRequest, EvalResult, Recipe, TrialRecord
from nas.search.arms import Arms
from nas.search.attempts import Attempt, checked
from nas.search.config import SearchConfig
from nas.search.events import Event, Finished, Notice, Paused, Promoted, Started
from nas.search.halving import Halving
from nas.search.latency_slot import LatencyOf
from nas.search.mirror import Mirror
from nas.search.run import RunFolder
from nas.search.scheduler import Promotion
from nas.search.study_file import study_attributes
from nas.search.time_limits import TimeLimits
from nas.space import BoundSpace


class Searching:
    """The state of a search while it runs.

    Random search beside it, if there is any, trains every network to the end.

    Args:
        run: the folder, which is owned.
        config: of the search.
        space: where it searches.
        executor: has nothing else to do.
        limits: of the time that trainings take.
        on_event: told of everything that happens, in order.
        now: the clock.
        retry_failed: also train those again that failed for no fault of their own.
        latency_of: measures candidates before they are trained; None where nobody
            asks what they take.
    """

    def __init__(
        self,
        run: RunFolder,
        config: SearchConfig,
        space: BoundSpace,
        executor: Executor,
        limits: TimeLimits,
        on_event: Callable[[Event], None],
        now: Callable[[], datetime],
        *,
        retry_failed: bool = False,
        latency_of: LatencyOf | None = None,
    ) -> None:
        self.run_folder = run
        self.config = config
        self.executor = executor
        self.limits = limits
        self.on_event = on_event
        self.now = now
        self.latency_of = latency_of
        self.latencies: dict[int, Latency] = {}  # of those that are running
        self.skipped: dict[int, int] = {}  # ahead of those that are running
        known = run.records()
        self.interrupted = run.unfinished()
        if retry_failed:
            again = [r for r in known if is_retried(r)]
            self.interrupted |= {r.trial: r.architecture for r in again}
            known = [r for r in known if not is_retried(r)]
        self.records = {record.trial: record for record in known}
        self.num_come = Counter(record.arm for record in known)
        self.running: dict[int, Architecture] = {}
        self.stops: dict[int, int | None] = {}
        self.lost_epochs: dict[int, int] = {}  # of what is trained again
        self.attempts = {
            record.trial: Attempt(number=record.attempts, batch_size=record.batch_size)
            for record in known
        }
        self.failures: list[EvalResult] = []  # since the last trial that did not fail
        self.notes: set[str] = set()
        self.halving = Halving(run, config, [r for r in known if r.arm == "search"])
        self.arms = Arms(
            space,
            config,
            known,
            {trial: (run.arm(trial), net) for trial, net in self.interrupted.items()},
        )
        self.mirror = Mirror(
            run.study_path,
            space,
            lambda text: on_event(Notice(text=text)),
            config.costs,
            study_attributes(config, run.facts()),
        )
        self.mirror.catch_up(known, self.interrupted)
        self.next_trial = max([*self.records, *self.interrupted], default=-1) + 1

    def run(self) -> None:
        """Keep every worker busy until the asked trials are done."""
        while True:
            while len(self.running) < self.executor.capacity and self._start_next():
                pass
            if not self.running and not self._go_on(self.halving.last_promotion()):
                self.halving.end()
                return
            before = self.executor.capacity
            results = self.executor.wait(timeout_seconds=None)
            if self.executor.capacity != before:
                now = self.executor.capacity
                self.on_event(Notice(text=f"{now} trainings at a time from now on"))
            for result in results:
                self._take_in(result)

    def close(self) -> None:
        """Mark what is under way as interrupted; a resumed search trains it again."""
        # The interrupt may have come between a result and its row in the study.
        known = self.run_folder.records()
        self.mirror.catch_up(known, {}, at_end=True)
        self.mirror.interrupt(self.arms.arm_of.keys() - {r.trial for r in known})
        self.mirror.close()

    def _start_next(self) -> bool:
        """Start a candidate, or let one go on; return False when nobody is to come."""
        arm = self.arms.turn()
        if arm != "random" and self._go_on(self.halving.promotion()):
            return True
        if arm is None:
            return False
        self._start(arm)
        return True

    def _go_on(self, promotion: Promotion | None) -> bool:
        """Have a trial that has paused trained on; return False when there is none."""
        if promotion is None:
            return False
        trial = promotion.trial
        record = self.records[trial]
        self.arms.go_on(trial, promotion.epochs)
        self.running[trial] = record.architecture
        self.stops[trial] = self.halving.stop(promotion.epochs)
        self._submit(trial)
        self.on_event(
            Promoted(trial=trial, params=record.params, epochs=promotion.epochs)
        )
        return True

    def _start(self, arm: Arm) -> None:
        """Start a candidate of an arm, if that has one left."""
        interrupted = self.arms.interrupted(arm)
        if interrupted is not None:
            trial, architecture = interrupted, self.interrupted.pop(interrupted)
        else:
            proposed = self.arms.propose(arm)
            if proposed is None:
                whose = "" if arm == "search" else " for random search"
                count = self.arms.num_begun(arm)
                networks = "network" if count == 1 else "different networks"
                self.on_event(
                    Notice(
                        text=f"the space is used up{whose} after {count} {networks} "
                        "under this budget"
                    )
                )
                return
            trial, architecture = self.next_trial, proposed
            self.next_trial += 1
            self.skipped[trial] = self.arms.skipped(arm)
        stop = self.halving.first_stop if arm == "search" else None
        self.arms.start(trial, arm, stop or self._recipe(architecture).epochs)
        self.running[trial] = architecture
        self.stops[trial] = stop
        self.attempts[trial] = Attempt()
        self.mirror.start(trial, architecture)
        why = self._measure(trial)
        if why is None:
            self._submit(trial)
        else:
            self.run_folder.start_trial(trial, architecture, arm)
        self.on_event(Started(trial=trial, params=cost(architecture).total.params))
        if why is not None:
            self._finish_unmeasured(trial, why)

    def _measure(self, trial: int) -> str | None:
        """Measure a candidate that is to be trained; return why that failed, if so."""
        if self.latency_of is None:
            return None
        found = self.latency_of(self.running[trial])
        if isinstance(found, str):
            return found
        self.latencies[trial] = found
        return None

    def _finish_unmeasured(self, trial: int, why: str) -> None:
        result = EvalResult(
            trial=trial,
            status="failed",
            seconds=0.0,
            error=f"its latency could not be measured: {why}",
            reason="lost",
        )
        self._finish(result)
        self._check_streak(result)

    def _recipe(self, architecture: Architecture) -> Recipe:
        """Return what a candidate is trained with: the run's recipe, or its own."""
        return self.config.recipe.with_genes(architecture.genes)

    def _submit(self, trial: int) -> None:
        """Have a running trial trained; a new one from an empty folder."""
        architecture, attempt = self.running[trial], self.attempts[trial]
        recipe = self._recipe(architecture)
        if attempt.batch_size is not None:
            recipe = replace(recipe, batch_size=attempt.batch_size)
        paused = self.records.get(trial)
        if paused is None:
            self.run_folder.start_trial(trial, architecture, self.arms.arm_of[trial])
        start = 0
        if paused is not None and paused.batch_size == attempt.batch_size:
            start = len(paused.curve)
        stop = self.stops[trial]
        self.executor.submit(
            EvalRequest(
                trial=trial,
                architecture=architecture,
                recipe=recipe,
                seed=self.arms.seed(trial),
                folder=str(self.run_folder.trial_path(trial)),
                alone=attempt.alone,
                start_epoch=start,
                stop_epoch=stop,
                timeout_seconds=self._limit(trial),
                row=self.run_folder.row(trial),
            )
        )

    def _limit(self, trial: int) -> float:
        """Return the seconds that a running trial may take."""
        recipe, attempt = self._recipe(self.running[trial]), self.attempts[trial]
        return self.limits.seconds(
            macs=cost(self.running[trial]).total.macs,
            # A pause that cannot be read makes it begin at its start.
            epochs=self.stops[trial] or recipe.epochs,
            batch_size=attempt.batch_size or recipe.batch_size,
            lost=attempt.lost,
        )

    def _take_in(self, result: EvalResult) -> None:
        """Try a training again if there is a point in it, or finish the trial."""
        result = checked(result)
        trial = result.trial
        for note in result.notes:
            if note not in self.notes:  # most hold for every trial alike
                self.notes.add(note)
                self.on_event(Notice(text=f"trial {trial}: {note}"))
        recipe = self._recipe(self.running[trial])
        following = self.attempts[trial].after(
            result, batch_size=recipe.batch_size, retries=self.config.retries
        )
        if following is not None:
            self.attempts[trial] = following
            lost = self.lost_epochs.get(trial, 0)
            self.lost_epochs[trial] = lost + (result.epochs or 0)
            what = f"trial {trial}"
            self.on_event(Notice(text=following.explained(what, result)))
            self._submit(trial)
            return
        self.limits.seen(
            result,
            macs=cost(self.running[trial]).total.macs,
            epochs=len(result.curve) if result.epochs is None else result.epochs,
            batch_size=recipe.batch_size,
        )
        self._finish(result)
        for other in self.running:  # some began when there was nothing to go by
            self.executor.limit(other, self._limit(other))
        self._check_streak(result)

    def _check_streak(self, result: EvalResult) -> None:
        """Give up when nothing but failures comes in.

        Raises:
            SearchFailed: with what became of the first of them.
        """
        if result.status != "failed":
            self.failures.clear()
            return
        self.failures.append(result)
        if len(self.failures) >= self.config.max_failures:
            first = self.failures[0]
            raise SearchFailed(
                f"{counted(len(self.failures), 'trial')} in a row failed; the first "
                f"one, trial {first.trial}: {first.error}; once the cause is mended, "
                f"'nas resume {self.run_folder.path} --retry-failed' trains them again",
                details=first.traceback,
            )

    def _finish(self, result: EvalResult) -> None:
        record = self._record(result)
        self.num_come[record.arm] += record.trial not in self.records
        self.run_folder.finish_trial(record, result.traceback)
        self.records[record.trial] = record
        self.arms.tell(record)
        self.mirror.finish(record)
        if record.arm == "search":
            self.halving.take_in(record, to_come=self._to_come)
        stopped = record.status == "stopped"
        self.on_event(Paused(record=record) if stopped else Finished(record=record))

    def _record(self, result: EvalResult) -> TrialRecord:
        """Return what is known of a trial, of its trainings before a pause, too."""
        architecture = self.running.pop(result.trial)
        total = cost(architecture).total
        before = self.records.get(result.trial)
        seconds, curve = result.seconds, result.curve
        epochs = len(curve) if result.epochs is None else result.epochs
        epochs += self.lost_epochs.pop(result.trial, 0)
        standings = () if before is None else before.standings
        known = None if before is None else before.latency
        skipped = 0 if before is None else before.skipped
        if result.standing is not None:
            standings = (*standings, (len(curve), result.standing))
        if before is not None:
            seconds += before.seconds
            curve = curve or before.curve
            epochs += before.trained_epochs
        return TrialRecord(
            trial=result.trial,
            architecture=architecture,
            params=total.params,
            macs=total.macs,
            status=result.status,
            seconds=seconds,
            accuracy=result.accuracy,
            loss=result.loss,
            curve=curve,
            seed=self.arms.seed(result.trial),
            device=result.device,
            error=result.error,
            reason=result.reason,
            batch_size=self.attempts[result.trial].batch_size,
            attempts=self.attempts[result.trial].number,
            skipped=self.skipped.pop(result.trial, skipped),
            weights=result.weights,
            # A crash may have come between a pause on disk and its record.
            epochs_spent=max(epochs, len(curve)),
            standings=standings,
            finished=self.now().isoformat(timespec="seconds"),
            arm=self.arms.arm_of[result.trial],
            latency=self.latencies.pop(result.trial, known),
        )

    @property
    def _to_come(self) -> int:
        """Return how many networks have yet to come to the first pause, at most."""
        return self.arms.num_to_begin("search") - self.num_come["search"]


def is_retried(record: TrialRecord) -> bool:
    """Return whether a trial failed, and its network may not be the reason."""
    return record.status == "failed" and record.reason != "diverged"
