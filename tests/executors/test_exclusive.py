"""While something runs exclusively, no evaluation takes a step, nor loses time."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from scripted import FOR_EVER, request

from nas.executors import Executor, LocalExecutor
from nas.records import EvalRequest, EvalResult

SLOT_SECONDS = 0.4
PATIENCE_SECONDS = 60


class Beating:
    """Notes the time again and again, until a file says that it is enough."""

    def __call__(self, request: EvalRequest) -> EvalResult:
        began = time.perf_counter()
        folder = Path(request.folder)
        with (folder / f"beats-{request.trial}").open("w") as file:
            while not (folder / "enough").exists():
                file.write(f"{time.monotonic()}\n")
                file.flush()
                sum(range(1000))
        return EvalResult(
            trial=request.trial,
            status="complete",
            seconds=time.perf_counter() - began,
            accuracy=0.5,
        )


def slot(seconds: float) -> tuple[float, float]:
    """Return when the slot began and ended."""
    began = time.monotonic()
    time.sleep(seconds)
    return began, time.monotonic()


def die() -> None:
    os._exit(7)


@pytest.fixture(params=[1, 2], ids=["1 device", "2 devices"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with LocalExecutor([Beating] * request.param, workers=2) as executor:
        yield executor


def beats(folder: Path, trial: int) -> list[float]:
    path = folder / f"beats-{trial}"
    return [float(line) for line in path.read_text().splitlines()]


def await_beats(folder: Path, after: float = 0.0) -> None:
    """Wait until both evaluations have beaten since some time."""
    until = time.monotonic() + PATIENCE_SECONDS
    for trial in range(2):
        path = folder / f"beats-{trial}"
        while not (
            path.exists() and any(beat > after for beat in beats(folder, trial))
        ):
            assert time.monotonic() < until, "no evaluation goes on"
            time.sleep(0.01)


@pytest.fixture
def beating(executor: Executor, tmp_path: Path) -> Callable[[float | None], Executor]:
    """Return what has the executor evaluate two requests with some limit of time."""

    def begin(limit_seconds: float | None = None) -> Executor:
        for trial in range(2):
            executor.submit(
                request(trial, str(tmp_path), timeout_seconds=limit_seconds)
            )
        await_beats(tmp_path)
        return executor

    return begin


def end(executor: Executor, folder: Path) -> list[EvalResult]:
    (folder / "enough").touch()
    results: list[EvalResult] = []
    while found := executor.wait(PATIENCE_SECONDS):
        results += found
    return results


def test_no_evaluation_takes_a_step_meanwhile(beating, tmp_path: Path) -> None:
    executor = beating()
    slots = []
    for _ in range(3):
        slots.append(executor.exclusively(slot, SLOT_SECONDS, timeout_seconds=60))
        await_beats(tmp_path, after=slots[-1][1])  # they go on
    results = end(executor, tmp_path)
    assert [result.status for result in results] == ["complete"] * 2
    for trial in range(2):
        found = beats(tmp_path, trial)
        for began, ended in slots:
            during = [beat for beat in found if began <= beat <= ended]
            assert not during
            assert found[0] < began < ended < found[-1]


def test_the_seconds_of_results_do_not_count_it(beating, tmp_path: Path) -> None:
    began = time.monotonic()
    executor = beating()
    for _ in range(2):
        executor.exclusively(slot, SLOT_SECONDS, timeout_seconds=60)
    results = end(executor, tmp_path)
    elapsed = time.monotonic() - began
    assert len(results) == 2
    for result in results:
        assert 0 < result.seconds <= elapsed - 2 * SLOT_SECONDS


def test_limits_of_time_do_not_count_it(beating, tmp_path: Path) -> None:
    limit = 3.0
    executor = beating(limit)
    executor.exclusively(slot, limit + 0.5, timeout_seconds=60)
    assert {result.status for result in end(executor, tmp_path)} == {"complete"}


def test_a_limit_still_holds_after_it(beating, tmp_path: Path) -> None:
    executor = beating(1.0)
    executor.exclusively(slot, SLOT_SECONDS, timeout_seconds=60)
    results: list[EvalResult] = []
    while found := executor.wait(PATIENCE_SECONDS):
        results += found
    assert [result.reason for result in results] == ["timed out"] * 2


@pytest.mark.parametrize(
    ("function", "given", "says"),
    [(die, (), "exit code 7"), (slot, (FOR_EVER,), "took longer than 1 s")],
    ids=["dies", "hangs"],
)
def test_what_goes_wrong_there_costs_no_evaluation(
    beating, tmp_path: Path, function, given, says
) -> None:
    executor = beating()
    with pytest.raises(ChildProcessError, match=says):
        executor.exclusively(function, *given, timeout_seconds=1.0)
    await_beats(tmp_path, after=time.monotonic())
    assert {result.status for result in end(executor, tmp_path)} == {"complete"}


def test_workers_that_are_still_to_start_wait_as_well(tmp_path: Path) -> None:
    with LocalExecutor(Beating, workers=2) as executor:
        for trial in range(2):
            executor.submit(request(trial, str(tmp_path)))
        began, ended = executor.exclusively(slot, SLOT_SECONDS, timeout_seconds=60)
        await_beats(tmp_path, after=ended)
        assert len(end(executor, tmp_path)) == 2
    for trial in range(2):
        assert not [b for b in beats(tmp_path, trial) if began <= b <= ended]
