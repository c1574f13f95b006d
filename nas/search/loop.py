"""The search loop: propose, train, record, learn."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from nas.arch import Architecture, canonical_hash
from nas.data import SearchData
from nas.errors import SearchFailed
from nas.executors import Executor, InlineExecutor, LocalExecutor
from nas.nn.cost import cost
from nas.records import EvalRequest, EvalResult, TrialRecord
from nas.search.config import SearchConfig
from nas.search.events import (
    Begun,
    Event,
    Finished,
    Notice,
    Paused,
    Promoted,
    Started,
)
from nas.search.halving import Halving
from nas.search.mirror import Mirror
from nas.search.run import RunFolder
from nas.search.scheduler import Promotion
from nas.search.study import Proposer
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
            space = BoundSpace(
                space=run.space(),
                input_shape=data.input_shape,
                num_classes=data.num_classes,
                max_params=config.max_params,
            )
            search = _Search(run, config, space, executor, on_event, now)
            on_event(
                Begun(
                    path=run.path,
                    config=config,
                    facts=run.facts(),
                    workers=executor.capacity,
                    finished=tuple(search.records.values()),
                )
            )
            try:
                search.run()
            finally:
                search.mirror.close()
    records = [record for _, record in sorted(search.records.items())]
    if not any(record.status == "complete" for record in records):
        reason = next((r.error for r in records if r.error), "nothing was trained")
        raise SearchFailed(f"no candidate could be trained; the first one: {reason}")
    return records


def trial_seed(seed: int, trial: int) -> int:
    """Return a trial's own seed, the same whatever ran before it."""
    digest = hashlib.sha256(f"{seed}/{trial}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def _executor(config: SearchConfig, data: SearchData) -> Executor:
    on = places(config.device, config.devices)
    starts = [partial(start_evaluator, data, name, config.data_memory) for name in on]
    if config.workers == 0:
        return InlineExecutor(starts[0])
    workers = packing(config.workers, on, config.trials)
    return LocalExecutor(starts, workers=workers, preload=PRELOAD, work=_num_layers)


def _num_layers(request: EvalRequest) -> float:
    """Return what the time of a training on a GPU goes by, for small networks.

    That is the number of layers, as many times as there are epochs to train.
    """
    blocks = request.architecture.blocks
    layers = len(request.architecture.stem) + sum(block.depth for block in blocks)
    stop_epoch = request.stop_epoch or request.recipe.epochs
    return layers * (stop_epoch - request.start_epoch)


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
        known = run.records()
        self.records = {record.trial: record for record in known}
        self.interrupted = run.unfinished()
        self.running: dict[int, Architecture] = {}
        self.stops: dict[int, int | None] = {}
        self.lost_epochs: dict[int, int] = {}  # of what is trained again
        self.batch_sizes = {  # of trials that needed smaller ones
            record.trial: record.batch_size for record in known if record.batch_size
        }
        self.halving = Halving(run, config, known)
        self.notes: set[str] = set()
        self.proposer = Proposer(
            space,
            config.sampler,
            config.seed,
            known,
            epochs=config.recipe.epochs,
        )
        self.proposer.seen.update(map(canonical_hash, self.interrupted.values()))
        self.mirror = Mirror(run.study_path, space)
        self.mirror.catch_up(known, self.interrupted)
        if self.mirror.note:
            on_event(Notice(text=self.mirror.note))
        self.next_trial = max([*self.records, *self.interrupted], default=-1) + 1
        self.exhausted = False

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

    def _start_next(self) -> bool:
        """Start a candidate, or let one go on; return False when there is none left."""
        if self._go_on(self.halving.promotion()):
            return True
        if self.exhausted or self._num_begun >= self.config.trials:
            return False
        if self.interrupted:
            trial = min(self.interrupted)
            architecture = self.interrupted.pop(trial)
        else:
            proposed = self.proposer.propose()
            if proposed is None:
                self.on_event(
                    Notice(
                        text=f"the space is used up after {self.next_trial} "
                        "different networks under this budget"
                    )
                )
                self.exhausted = True
                return False
            trial, architecture = self.next_trial, proposed
            self.next_trial += 1
        self.running[trial] = architecture
        self.mirror.start(trial, architecture)
        self.stops[trial] = self.halving.first_stop
        self._submit(trial, alone=False)
        self.on_event(Started(trial=trial, params=cost(architecture).total.params))
        return True

    @property
    def _num_begun(self) -> int:
        new = sum(trial not in self.records for trial in self.running)
        return len(self.records) + new

    def _go_on(self, promotion: Promotion | None) -> bool:
        """Have a trial that has paused trained on; return False when there is none."""
        if promotion is None:
            return False
        trial = promotion.trial
        record = self.records[trial]
        self.running[trial] = record.architecture
        self.stops[trial] = self.halving.stop(promotion.epochs)
        # What needed the device to itself before will need it again.
        alone = trial in self.batch_sizes
        self._submit(trial, alone=alone, start_epoch=len(record.curve))
        self.on_event(
            Promoted(trial=trial, params=record.params, epochs=promotion.epochs)
        )
        return True

    def _submit(self, trial: int, *, alone: bool, start_epoch: int = 0) -> None:
        """Have a running trial trained; a new one from an empty folder."""
        architecture, recipe = self.running[trial], self.config.recipe
        if trial in self.batch_sizes:
            recipe = replace(recipe, batch_size=self.batch_sizes[trial])
        if trial not in self.records:
            self.run_folder.start_trial(trial, architecture)
        self.executor.submit(
            EvalRequest(
                trial=trial,
                architecture=architecture,
                recipe=recipe,
                seed=trial_seed(self.config.seed, trial),
                folder=str(self.run_folder.trial_path(trial)),
                alone=alone,
                start_epoch=start_epoch,
                stop_epoch=self.stops[trial],
            )
        )

    def _take_in(self, result: EvalResult) -> None:
        """Try again with less memory if that was the matter, or finish the trial."""
        for note in result.notes:
            if note not in self.notes:  # most hold for every trial alike
                self.notes.add(note)
                self.on_event(Notice(text=f"trial {result.trial}: {note}"))
        half = self.config.recipe.batch_size // 2
        if (
            result.reason == "out of memory"
            and result.trial not in self.batch_sizes
            and half >= 2  # a single image has no batch statistics
        ):
            self.batch_sizes[result.trial] = half
            self.lost_epochs[result.trial] = result.epochs or 0
            self.on_event(
                Notice(
                    text=f"trial {result.trial} ran out of memory; it is trained "
                    f"again alone, in batches of {half}"
                )
            )
            self._submit(result.trial, alone=True)
        else:
            self._finish(result)

    def _finish(self, result: EvalResult) -> None:
        architecture = self.running.pop(result.trial)
        total = cost(architecture).total
        before = self.records.get(result.trial)
        seconds, curve = result.seconds, result.curve
        epochs = len(curve) if result.epochs is None else result.epochs
        epochs += self.lost_epochs.pop(result.trial, 0)
        standings = () if before is None else before.standings
        if result.standing is not None:
            standings = (*standings, (len(curve), result.standing))
        if before is not None:
            seconds += before.seconds
            curve = curve or before.curve
            epochs += before.epochs_spent or 0
        record = TrialRecord(
            trial=result.trial,
            architecture=architecture,
            params=total.params,
            macs=total.macs,
            status=result.status,
            seconds=seconds,
            accuracy=result.accuracy,
            loss=result.loss,
            curve=curve,
            seed=trial_seed(self.config.seed, result.trial),
            device=result.device,
            error=result.error,
            reason=result.reason,
            batch_size=self.batch_sizes.get(result.trial),
            epochs_spent=epochs,
            standings=standings,
            finished=self.now().isoformat(timespec="seconds"),
        )
        self.run_folder.finish_trial(record)
        self.records[record.trial] = record
        self.proposer.tell(record)
        self.mirror.finish(record)
        self.halving.take_in(record, to_come=self._to_come)
        stopped = record.status == "stopped"
        self.on_event(Paused(record=record) if stopped else Finished(record=record))

    @property
    def _to_come(self) -> int:
        """Return how many networks have yet to come to the first pause, at most."""
        if self.exhausted:
            return len(self.running.keys() - self.records.keys())
        return self.config.trials - len(self.records)
