"""What every executor promises."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from scripted import Scripted, fail_to_start, request

from nas.executors import Executor, InlineExecutor, LocalExecutor, Packing, Start
from nas.executors.worker import Limits
from nas.records import EvalResult

MakeExecutor = Callable[[Start], Executor]

EXECUTORS: dict[str, MakeExecutor] = {
    "inline": InlineExecutor,
    "local, 1 worker": partial(LocalExecutor, workers=1),
    "local, 3 workers": partial(LocalExecutor, workers=3),
    "local, short lives": partial(
        LocalExecutor, workers=2, limits=Limits(requests=1, growth_bytes=0)
    ),
    "local, growing": partial(LocalExecutor, workers=Packing([1, 2, 4])),
    "local, 3 workers on 2 devices": lambda start: LocalExecutor(
        [start, start], workers=3
    ),
}


@pytest.fixture(params=EXECUTORS)
def make(request: pytest.FixtureRequest) -> MakeExecutor:
    return EXECUTORS[request.param]


@pytest.fixture
def executor(make: MakeExecutor) -> Iterator[Executor]:
    with make(Scripted) as executor:
        yield executor


def drain(executor: Executor) -> list[EvalResult]:
    results = []
    while finished := executor.wait(None):
        results += finished
    return results


def test_every_request_has_one_result(executor: Executor) -> None:
    for trial in range(7):
        executor.submit(request(trial))
    results = drain(executor)
    assert sorted(result.trial for result in results) == list(range(7))
    for result in results:
        assert result.status == "complete"
        assert result.accuracy == result.trial / 100


def test_requests_may_follow_results(executor: Executor) -> None:
    for trial in range(3):
        executor.submit(request(trial))
        (result,) = executor.wait(None)
        assert result.trial == trial


def test_without_requests_there_is_nothing_to_wait_for(executor: Executor) -> None:
    assert executor.wait(None) == []
    assert executor.wait(0.0) == []


@pytest.mark.parametrize("name", ["inline", "local, 1 worker", "local, 3 workers"])
def test_start_is_called_once_a_worker(name: str) -> None:
    with EXECUTORS[name](Scripted) as executor:
        for trial in range(8):
            executor.submit(request(trial))
        num_first = sum(result.curve == (0.0,) for result in drain(executor))
        assert 1 <= num_first <= executor.capacity


def test_an_exception_is_a_failed_result(executor: Executor) -> None:
    executor.submit(request(0, "raise"))
    executor.submit(request(1))
    results = {result.trial: result for result in drain(executor)}
    assert results[0].status == "failed"
    assert results[0].error == "ValueError: the first line"
    assert results[0].reason == "error"
    assert results[0].accuracy is None
    assert results[1].status == "complete"


def test_a_start_that_fails_gives_failed_results(make: MakeExecutor) -> None:
    with make(fail_to_start) as executor:
        for trial in range(4):
            executor.submit(request(trial))
        results = drain(executor)
    assert len(results) == 4
    for result in results:
        assert result.status == "failed"
        assert result.error == "worker could not start: RuntimeError: no such device"


def test_memory_that_runs_out_is_told_from_other_failures(executor: Executor) -> None:
    executor.submit(request(0, "exhaust"))
    (result,) = drain(executor)
    assert (result.status, result.reason) == ("failed", "out of memory")


def test_one_that_is_to_be_alone_has_a_result_like_any_other(
    executor: Executor,
) -> None:
    for trial in range(6):
        executor.submit(request(trial, alone=trial % 2 == 1))
    assert sorted(result.trial for result in drain(executor)) == list(range(6))


def test_close_gives_up_what_is_left(make: MakeExecutor) -> None:
    executor = make(Scripted)
    for trial in range(50):
        executor.submit(request(trial))
    executor.close()
    executor.close()
