"""The search loop: propose, train, record, learn."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from nas.arch import Architecture
from nas.data import SearchData
from nas.errors import SearchFailed
from nas.executors import Executor, InlineExecutor, LocalExecutor
from nas.nn.cost import cost
from nas.records import Arm, EvalRequest, EvalResult, Recipe, TrialRecord
from nas.search.arms import Arms
from nas.search.beliefs import believe
from nas.search.config import SearchConfig
from nas.search.events import Begun, Event, Finished, Notice, Started
from nas.search.mirror import Mirror
from nas.search.noise_files import read_repeats, write_beliefs
from nas.search.repeats import Repeater
from nas.search.run import RunFolder
from nas.search.workers import packing, places
from nas.space import BoundSpace
from nas.train import PRELOAD, start_evaluator


def utc_now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


def run_search(
    run: RunFolder,
    data: SearchData,
    *,
    on_event: Callable[[Event], None] = lambda _: None,
    now: Callable[[], datetime] = utc_now,
) -> list[TrialRecord]:
    """Train candidates until the run has as many as it was asked for.

    Trials that are finished already count; those that were interrupted are trained
    again. Each result is on disk before anybody hears of it.

    Args:
        run: the folder, which no other process may work on meanwhile.
        data: without a test split.
        on_event: told of everything that happens, in order.
        now: the clock.

    Returns:
        All finished trials, in the order of their numbers.

    Raises:
        SearchFailed: when no candidate could be trained.
    """
    with run.owned():
        config = run.config()
        executor = _executor(config, data)
        # The workers import what they need while the study is made ready.
        with executor:
            space = _bound(run, config, data)
            search = _Search(run, config, space, executor, on_event, now)
            on_event(
                Begun(
                    path=run.path,
                    config=config,
                    facts=run.facts(),
                    workers=executor.capacity,
                    finished=tuple(search.records),
                    searched={n: str(d) for n, d in space.space.recipe.genes().items()},
                )
            )
            try:
                search.run()
            finally:
                search.mirror.close()
            if config.repeats > 1:
                _repeater(run, config, executor, on_event, now).repeat_front(
                    search.records, config.repeats
                )
        _keep_beliefs(run, space, search.records)
    records = sorted(search.records, key=lambda record: record.trial)
    if not any(record.status == "complete" for record in records):
        reason = next((r.error for r in records if r.error), "nothing was trained")
        raise SearchFailed(f"no candidate could be trained; the first one: {reason}")
    return records


def run_repeats(
    run: RunFolder,
    data: SearchData,
    trials: Sequence[TrialRecord],
    trainings: int,
    *,
    on_event: Callable[[Event], None] = lambda _: None,
    now: Callable[[], datetime] = utc_now,
) -> None:
    """Train trials of a run again until each has been trained so many times.

    Args:
        run: the folder, which no other process may work on meanwhile.
        data: those of the search.
        trials: complete ones of the run; none are those of its front.
        trainings: of each trial, its first and earlier repeats included.
        on_event: told of every repeat.
        now: the clock.
    """
    with run.owned():
        config, records = run.config(), run.records()
        with _executor(config, data) as executor:
            repeater = _repeater(run, config, executor, on_event, now)
            if trials:
                repeater.repeat(trials, trainings)
            else:
                repeater.repeat_front(records, trainings)
        _keep_beliefs(run, _bound(run, config, data), records)


def _bound(run: RunFolder, config: SearchConfig, data: SearchData) -> BoundSpace:
    return BoundSpace(
        space=run.space(),
        input_shape=data.input_shape,
        num_classes=data.num_classes,
        max_params=config.max_params,
        recipe=config.recipe,
    )


def _repeater(
    run: RunFolder,
    config: SearchConfig,
    executor: Executor,
    on_event: Callable[[Event], None],
    now: Callable[[], datetime],
) -> Repeater:
    return Repeater(run, config.seed, config.recipe, executor, on_event, now)


def _keep_beliefs(
    run: RunFolder, space: BoundSpace, records: Sequence[TrialRecord]
) -> None:
    beliefs = believe(space.distributions(), records, read_repeats(run))
    if beliefs is not None:
        write_beliefs(run, beliefs)


def _executor(config: SearchConfig, data: SearchData) -> Executor:
    on = places(config.device, config.devices)
    starts = [partial(start_evaluator, data, name, config.data_memory) for name in on]
    if config.workers == 0:
        return InlineExecutor(starts[0])
    trials = config.trials if config.baseline is None else 2 * config.trials
    workers = packing(config.workers, on, trials)
    return LocalExecutor(starts, workers=workers, preload=PRELOAD, work=_work)


def _work(request: EvalRequest) -> float:
    """Return what the time of a training on a GPU goes by, for small networks."""
    blocks = request.architecture.blocks
    layers = len(request.architecture.stem) + sum(block.depth for block in blocks)
    return layers * request.recipe.epochs / request.recipe.batch_size


class _Search:
    """The state of a search while it runs."""

    def __init__(
        self,
        run: RunFolder,
        config: SearchConfig,
        space: BoundSpace,
        executor: Executor,
        on_event: Callable[[Event], None],
        now: Callable[[], datetime],
    ) -> None:
        self.run_folder = run
        self.config = config
        self.executor = executor
        self.on_event = on_event
        self.now = now
        self.records = run.records()
        self.interrupted = run.unfinished()
        self.running: dict[int, Architecture] = {}
        self.batch_sizes: dict[int, int] = {}  # of trials that needed smaller ones
        self.notes: set[str] = set()
        self.arms = Arms(
            space,
            config,
            self.records,
            {trial: (run.arm(trial), net) for trial, net in self.interrupted.items()},
        )
        self.mirror = Mirror(run.study_path, space)
        self.mirror.catch_up(self.records, self.interrupted)
        if self.mirror.note:
            on_event(Notice(text=self.mirror.note))
        numbers = [record.trial for record in self.records]
        self.next_trial = max([*numbers, *self.interrupted], default=-1) + 1

    def run(self) -> None:
        """Keep every worker busy until the asked trials are done."""
        while True:
            while (
                len(self.running) < self.executor.capacity
                and (arm := self.arms.turn()) is not None
            ):
                self._start_next(arm)
            if not self.running:
                return
            before = self.executor.capacity
            results = self.executor.wait(timeout_seconds=None)
            if self.executor.capacity != before:
                now = self.executor.capacity
                self.on_event(Notice(text=f"{now} trainings at a time from now on"))
            for result in results:
                self._take_in(result)

    def _start_next(self, arm: Arm) -> None:
        """Start a candidate of an arm, if that has one left."""
        interrupted = self.arms.interrupted(arm)
        if interrupted is not None:
            trial, architecture = interrupted, self.interrupted.pop(interrupted)
        else:
            proposed = self.arms.propose(arm)
            if proposed is None:
                whose = "" if arm == "search" else " for random search"
                self.on_event(
                    Notice(
                        text=f"the space is used up{whose} after "
                        f"{self.arms.num_begun(arm)} different networks "
                        "under this budget"
                    )
                )
                return
            trial, architecture = self.next_trial, proposed
            self.next_trial += 1
        recipe = self._recipe(architecture)
        self.arms.start(trial, arm, recipe.epochs)
        self.running[trial] = architecture
        self.mirror.start(trial, architecture)
        self._submit(trial, recipe, alone=False)
        self.on_event(Started(trial=trial, params=cost(architecture).total.params))

    def _recipe(self, architecture: Architecture) -> Recipe:
        """Return what a candidate is trained with: the run's recipe, or its own."""
        return self.config.recipe.with_genes(architecture.genes)

    def _submit(self, trial: int, recipe: Recipe, *, alone: bool) -> None:
        """Have a running trial trained, from an empty folder."""
        architecture = self.running[trial]
        self.run_folder.start_trial(trial, architecture, self.arms.arm_of[trial])
        self.executor.submit(
            EvalRequest(
                trial=trial,
                architecture=architecture,
                recipe=recipe,
                seed=self.arms.seed(trial),
                folder=str(self.run_folder.trial_path(trial)),
                alone=alone,
            )
        )

    def _take_in(self, result: EvalResult) -> None:
        """Try again with less memory if that was the matter, or finish the trial."""
        for note in result.notes:
            if note not in self.notes:  # most hold for every trial alike
                self.notes.add(note)
                self.on_event(Notice(text=f"trial {result.trial}: {note}"))
        own = self._recipe(self.running[result.trial])
        half = own.batch_size // 2
        if (
            result.reason == "out of memory"
            and result.trial not in self.batch_sizes
            and half >= 2  # a single image has no batch statistics
        ):
            self.batch_sizes[result.trial] = half
            self.on_event(
                Notice(
                    text=f"trial {result.trial} ran out of memory; it is trained "
                    f"again alone, in batches of {half}"
                )
            )
            self._submit(result.trial, replace(own, batch_size=half), alone=True)
        else:
            self._finish(result)

    def _finish(self, result: EvalResult) -> None:
        architecture = self.running.pop(result.trial)
        total = cost(architecture).total
        record = TrialRecord(
            trial=result.trial,
            architecture=architecture,
            params=total.params,
            macs=total.macs,
            status=result.status,
            seconds=result.seconds,
            accuracy=result.accuracy,
            loss=result.loss,
            curve=result.curve,
            seed=self.arms.seed(result.trial),
            device=result.device,
            error=result.error,
            reason=result.reason,
            batch_size=self.batch_sizes.get(result.trial),
            finished=self.now().isoformat(timespec="seconds"),
            arm=self.arms.arm_of[result.trial],
        )
        self.run_folder.finish_trial(record)
        self.records.append(record)
        self.arms.tell(record)
        self.mirror.finish(record)
        self.on_event(Finished(record=record))
