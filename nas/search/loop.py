"""A whole search, and repeats of its trials, with the workers that they need."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from nas.data import RetrainingData, SearchData
from nas.errors import NasError, SearchFailed, one_line
from nas.executors import Executor, InlineExecutor, LocalExecutor
from nas.records import EvalRequest, TrialRecord
from nas.report import CostAxis
from nas.retraining import Protocol
from nas.search.beliefs import believe
from nas.search.board.live import LiveBoard
from nas.search.config import SearchConfig
from nas.search.contenders import Contender
from nas.search.events import Begun, Event, Notice
from nas.search.latency_slot import LatencyOf, latency_in_slot
from nas.search.leftovers import remove_half_written
from nas.search.mending import torn_weights, train_again
from nas.search.noise_files import read_repeats, write_beliefs
from nas.search.quantizing import quantize_all
from nas.search.repeats import Repeater
from nas.search.retrain_files import RETRAINED, Shelf, check_test, read_retrained
from nas.search.retrainer import Retrainer
from nas.search.run import RunFolder
from nas.search.samplers.one_thread import one_thread
from nas.search.searching import Searching
from nas.search.time_limits import TimeLimits
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
    retry_failed: bool = False,
) -> list[TrialRecord]:
    """Train candidates until the run has as many as it was asked for.

    Trials that are finished already count; those that were interrupted are trained
    again. Each result is on disk before anybody hears of it.

    Args:
        run: the folder, which no other process may work on meanwhile.
        data: without a test split.
        on_event: told of everything that happens, in order.
        now: the clock.
        retry_failed: trials that failed, other than by diverging, are trained again.

    Returns:
        All finished trials, in the order of their numbers.

    Raises:
        SearchFailed: when no candidate could be trained, one after another failed, or
            results cannot be written.
    """
    with run.owned(), _writing(run), LiveBoard(run, on_event) as on_event:
        remove_half_written(run)
        config = run.config()
        limits = TimeLimits(config.timeout, _num_images(data))
        # The workers import what they need while the study is made ready.
        with _executor(config, data) as executor:
            torn = torn_weights(run, run.records())
            train_again(run, config, torn, executor, limits, on_event)
            space = _bound(run, config, data)
            search = Searching(
                run,
                config,
                space,
                executor,
                limits,
                on_event,
                now,
                retry_failed=retry_failed,
                latency_of=_latency_of(config, executor),
            )
            on_event(
                Begun(
                    path=run.path,
                    config=config,
                    facts=run.facts(),
                    workers=executor.capacity,
                    finished=tuple(search.records.values()),
                    searched={n: str(d) for n, d in space.space.recipe.genes().items()},
                )
            )
            try:
                search.run()
            finally:
                search.close()
            if config.repeats > 1:
                Repeater(run, config, executor, limits, on_event, now).repeat_front(
                    tuple(search.records.values()), config.repeats
                )
        records = [record for _, record in sorted(search.records.items())]
        _keep_beliefs(run, space, records, config.costs, on_event)
    if not any(record.status == "complete" for record in records):
        reason = next((r.error for r in records if r.error), "nothing was trained")
        first = search.failures[0].traceback if search.failures else None
        raise SearchFailed(
            f"no candidate could be trained; the first one: {reason}", details=first
        )
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
    with run.owned(), _writing(run):
        remove_half_written(run)
        config, records = run.config(), run.records()
        limits = TimeLimits(config.timeout, _num_images(data))
        with _executor(config, data) as executor:
            repeater = Repeater(run, config, executor, limits, on_event, now)
            if trials:
                repeater.repeat(trials, trainings)
            else:
                repeater.repeat_front(records, trainings)
        space = _bound(run, config, data)
        _keep_beliefs(run, space, records, config.costs, on_event)


def run_retraining(
    run: RunFolder,
    data: RetrainingData,
    contenders: Sequence[Contender],
    protocol: Protocol,
    seeds: int,
    *,
    shelf: Shelf = RETRAINED,
    int8: bool = False,
    on_event: Callable[[Event], None] = lambda _: None,
    now: Callable[[], datetime] = utc_now,
) -> None:
    """Train contenders from scratch and test each of them once, from several seeds.

    What is finished already counts.

    Args:
        run: the folder, which no other process may work on meanwhile.
        data: those of the search, and their test split.
        contenders: who is trained.
        protocol: how.
        seeds: trainings of each contender.
        shelf: where they are kept.
        int8: quantise what was trained, too.
        on_event: told of every training.
        now: the clock.

    Raises:
        SearchFailed: when none of them could be trained, or results be written.
    """
    with run.owned(), _writing(run, "the same command again"):
        remove_half_written(run)
        check_test(run, data.test, shelf)
        config = run.config()
        limits = TimeLimits(config.timeout, _num_images(data.search))
        test = partial(
            start_evaluator, test=data.test, validates=not protocol.use_validation
        )
        with _executor(config, data.search, test) as executor:
            Retrainer(
                run, config, executor, limits, protocol, on_event, now, shelf
            ).train(contenders, seeds)
        names = {contender.name for contender in contenders}
        if int8:
            quantize_all(run, data, names, protocol, on_event)
    trainings = [
        training
        for each in read_retrained(run, shelf).get(protocol, ())
        if each.contender.name in names
        for training in each.trainings
    ]
    if not any(training.tested for training in trainings):
        first = next((training.error for training in trainings), None)
        raise SearchFailed(f"no network could be trained; the first one: {first}")


def _bound(run: RunFolder, config: SearchConfig, data: SearchData) -> BoundSpace:
    return BoundSpace(
        space=run.space(),
        input_shape=data.input_shape,
        num_classes=data.num_classes,
        max_params=config.max_params,
        recipe=config.recipe,
    )


@contextmanager
def _writing(run: RunFolder, remedy: str | None = None) -> Iterator[None]:
    """Put into words what the machine refuses while a search runs.

    Args:
        run: that is written to.
        remedy: how it goes on; None for ``nas resume``.

    Raises:
        SearchFailed: instead of an error of the operating system.
    """
    remedy = remedy or f"'nas resume {run.path}'"
    try:
        yield
    except BrokenPipeError:
        raise  # whoever read our output has gone
    except OSError as error:
        what = error.strerror or str(error)
        raise SearchFailed(
            f"{error.filename or run.path}: {what}; all that finished is kept; once "
            f"that is mended, continue with {remedy}"
        ) from None


def _num_images(data: SearchData) -> int:
    return len(data.train.labels) + len(data.validation.labels)


def _keep_beliefs(
    run: RunFolder,
    space: BoundSpace,
    records: Sequence[TrialRecord],
    costs: Sequence[CostAxis],
    on_event: Callable[[Event], None],
) -> None:
    """Keep what a model thinks of the trials; they are worth more than its failure."""
    try:
        with one_thread():
            repeats = read_repeats(run)
            beliefs = believe(space.distributions(), records, repeats, costs)
        if beliefs is not None:
            write_beliefs(run, beliefs)
    except Exception as error:
        why = str(error) if isinstance(error, NasError) else one_line(error)
        on_event(Notice(text=f"warning: nothing says how sure the front is: {why}"))


def _latency_of(config: SearchConfig, executor: Executor) -> LatencyOf | None:
    if "latency" not in config.objectives:
        return None
    return latency_in_slot(executor, places(config.device, config.devices)[0])


def _executor(
    config: SearchConfig, data: SearchData, start: Callable[..., Any] | None = None
) -> Executor:
    on = places(config.device, config.devices)
    start = start or start_evaluator
    starts = [partial(start, data, name, config.data_memory) for name in on]
    if config.workers == 0:
        return InlineExecutor(starts[0])
    trials = config.trials if config.baseline is None else 2 * config.trials
    workers = packing(config.workers, on, trials)
    return LocalExecutor(starts, workers=workers, preload=PRELOAD, work=_work)


def _work(request: EvalRequest) -> float:
    """Return what the time of a training on a GPU goes by, for small networks.

    That is the number of layers, as many times as there are steps.
    """
    blocks = request.architecture.blocks
    layers = len(request.architecture.stem) + sum(block.depth for block in blocks)
    epochs = (request.stop_epoch or request.recipe.epochs) - request.start_epoch
    return layers * epochs / request.recipe.batch_size
