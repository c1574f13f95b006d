"""Whole trials by several processes at once, on one device."""

import time
from multiprocessing import Barrier, Process, Queue
from multiprocessing.synchronize import Barrier as BarrierType
from typing import Any

from nas.arch import Architecture
from nas.data import SearchData
from nas.records import EvalRequest, Recipe

PATIENCE_SECONDS = 240


def trials_per_hour(
    architecture: Architecture,
    data: SearchData,
    recipe: Recipe,
    *,
    device: str,
    processes: int,
    trials: int,
    folder: str,
) -> float:
    """Return how many trials a number of processes finish together.

    Each trains ``trials`` times, after one training that is not counted; all begin at
    the same moment.
    """
    ready = Barrier(processes + 1)
    results: Queue[str | None] = Queue()
    workers = [
        Process(
            target=_work,
            args=(architecture, data, recipe, device, trials, f"{folder}/{number}"),
            kwargs={"ready": ready, "results": results},
            daemon=True,
        )
        for number in range(processes)
    ]
    for worker in workers:
        worker.start()
    ready.wait(PATIENCE_SECONDS)
    started = time.perf_counter()
    errors = [results.get(timeout=PATIENCE_SECONDS) for _ in workers]
    seconds = time.perf_counter() - started
    for worker in workers:
        worker.join()
    failed = [error for error in errors if error]
    if failed:
        raise SystemExit(f"{processes} processes: {failed[0]}")
    return 3600 * processes * trials / seconds


def _work(
    architecture: Architecture,
    data: SearchData,
    recipe: Recipe,
    device: str,
    trials: int,
    folder: str,
    *,
    ready: BarrierType,
    results: Any,
) -> None:
    from nas.train.evaluate import Evaluator

    evaluate = Evaluator(data, device)

    def train(number: int) -> str | None:
        request = EvalRequest(
            trial=number,
            architecture=architecture,
            recipe=recipe,
            seed=number,
            folder=f"{folder}/{number}",
        )
        result = evaluate(request)
        return result.error or next(iter(result.notes), None)

    problems = [train(0)]
    ready.wait(PATIENCE_SECONDS)
    problems += [train(number) for number in range(1, trials + 1)]
    results.put(next((problem for problem in problems if problem), None))
