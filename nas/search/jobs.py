"""Trainings to the end that are no trials: each as often as it takes, all at once."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from nas.arch import Architecture
from nas.executors import Executor
from nas.nn.cost import cost
from nas.records import EvalRequest, EvalResult, Recipe
from nas.search.attempts import Attempt, checked
from nas.search.time_limits import TimeLimits

K = TypeVar("K")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Generic[K]):
    """A training that is to be done.

    ``key`` is whatever tells it from others, and ``what`` it is goes in front of lines
    about it. ``prepare`` makes its folder, anew
    for every attempt. ``recipe`` is its own but for the batch size of its attempts.
    ``row`` is as of an `EvalRequest`.
    """

    key: K
    what: str
    architecture: Architecture
    recipe: Recipe
    seed: int
    prepare: Callable[[], Path]
    row: str
    attempt: Attempt = field(default_factory=Attempt)


def train_all(
    executor: Executor,
    jobs: Iterable[Job[K]],
    finished: Callable[[Job[K], EvalResult], None],
    *,
    limits: TimeLimits,
    retries: int,
    on_note: Callable[[str], None],
) -> None:
    """Train all jobs.

    Args:
        executor: has nothing else to do.
        jobs: begun in this order.
        finished: told of every job and what came of it, in the order they end.
        limits: of the time that each takes.
        retries: of a training that is lost.
        on_note: told in a line why a job is trained again.

    Raises:
        OSError: results cannot be written.
    """
    due = deque(jobs)
    running: dict[int, Job[K]] = {}
    next_key = 0
    while due or running:
        while due and len(running) < executor.capacity:
            job = running[next_key] = due.popleft()
            executor.submit(_request(job, next_key, limits))
            next_key += 1
        for result in executor.wait(timeout_seconds=None):
            job, result = running.pop(result.trial), checked(result)
            following = job.attempt.after(
                result, batch_size=job.recipe.batch_size, retries=retries
            )
            if following is not None:
                on_note(following.explained(job.what, result))
                due.appendleft(replace(job, attempt=following))
                continue
            limits.seen(
                result,
                macs=cost(job.architecture).total.macs,
                epochs=job.recipe.epochs,
                batch_size=job.recipe.batch_size,
            )
            finished(job, result)
            for key, other in running.items():
                executor.limit(key, _limit(other, limits))


def _request(job: Job[Any], key: int, limits: TimeLimits) -> EvalRequest:
    recipe = job.recipe
    if job.attempt.batch_size is not None:
        recipe = replace(recipe, batch_size=job.attempt.batch_size)
    return EvalRequest(
        # Two repeats of a trial may run at once, so its number names neither.
        trial=key,
        architecture=job.architecture,
        recipe=recipe,
        seed=job.seed,
        folder=str(job.prepare()),
        alone=job.attempt.alone,
        timeout_seconds=_limit(job, limits),
        row=job.row,
    )


def _limit(job: Job[Any], limits: TimeLimits) -> float:
    return limits.seconds(
        macs=cost(job.architecture).total.macs,
        epochs=job.recipe.epochs,
        batch_size=job.attempt.batch_size or job.recipe.batch_size,
        lost=job.attempt.lost,
    )
