"""What every executor promises."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from scripted import Scripted, fail_to_start, request

from nas.executors import Executor, InlineExecutor, LocalExecutor, Packing, Start
from nas.executors.worker import Limits
from nas.records import EvalResult

PATIENCE_SECONDS = 60

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
    assert results[0].traceback is not None
    assert results[0].traceback.startswith("Traceback (most recent call last)")
    assert results[0].traceback.endswith("ValueError: the first line\nthe second line")
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
        assert result.reason == "lost"  # no candidate is at fault
        assert result.traceback is not None
        assert "in fail_to_start" in result.traceback


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


def test_a_call_between_evaluations_costs_none_of_them(executor: Executor) -> None:
    for trial in range(4):
        executor.submit(request(trial))
    assert executor.exclusively(sum, (1, 2), timeout_seconds=60) == 3
    results = [executor.wait(None)]
    assert executor.exclusively(sum, (3, 4), timeout_seconds=60) == 7
    for trial in range(4, 6):
        executor.submit(request(trial))
    results.append(drain(executor))
    found = [result for several in results for result in several]
    assert sorted(result.trial for result in found) == list(range(6))
    assert {result.status for result in found} == {"complete"}
    assert executor.exclusively(sum, (5, 6), timeout_seconds=60) == 11


def test_a_request_in_time_is_none_the_worse_for_its_limit(executor: Executor) -> None:
    for trial in range(4):
        executor.submit(request(trial, timeout_seconds=PATIENCE_SECONDS))
    assert {result.status for result in drain(executor)} == {"complete"}


def test_a_limit_may_be_longer_than_any_wait(executor: Executor) -> None:
    executor.submit(request(0, timeout_seconds=1e12))
    assert [result.status for result in drain(executor)] == ["complete"]


class TestInProcesses:
    """What executors promise whose evaluations have processes to themselves."""

    @pytest.fixture(params=[name for name in EXECUTORS if name != "inline"])
    def executor(self, request: pytest.FixtureRequest) -> Iterator[Executor]:
        with EXECUTORS[request.param](Scripted) as executor:
            yield executor

    def test_one_that_hangs_is_given_up(self, executor: Executor) -> None:
        executor.submit(request(0, "sleep", timeout_seconds=0.5))
        executor.submit(request(1))
        results = {result.trial: result for result in drain(executor)}
        assert results[0].status == "failed"
        assert results[0].reason == "timed out"
        assert results[0].error == (
            "timed out: it was not done within its limit of 0.5 s"
        )
        assert results[0].seconds >= 0.5
        assert results[1].status == "complete"

    def test_the_earliest_limit_ends_a_wait(self, executor: Executor) -> None:
        executor.submit(request(0, "sleep", timeout_seconds=0.3))
        (result,) = executor.wait(PATIENCE_SECONDS)
        assert result.reason == "timed out"

    def test_a_wait_that_ends_before_the_limit_is_empty(
        self, executor: Executor
    ) -> None:
        executor.submit(request(0, "sleep", timeout_seconds=PATIENCE_SECONDS))
        assert executor.wait(0.1) == []

    @pytest.mark.parametrize(
        ("script", "error"),
        [
            ("exit 0", "worker died (exit code 0) without a result"),
            ("exit 3", "worker died (exit code 3)"),
            ("exit 255", "worker died (exit code 255)"),
            ("unreadable", "its result could not be read: ValueError("),
            ("unpicklable", "its result could not be sent: "),
        ],
    )
    def test_one_that_does_not_come_back_is_lost(
        self, executor: Executor, script: str, error: str
    ) -> None:
        executor.submit(request(0, script))
        executor.submit(request(1))
        results = {result.trial: result for result in drain(executor)}
        assert (results[0].status, results[0].reason) == ("failed", "lost")
        assert results[0].error is not None
        assert results[0].error.startswith(error)
        assert results[1].status == "complete"


def test_close_gives_up_what_is_left(make: MakeExecutor) -> None:
    executor = make(Scripted)
    for trial in range(50):
        executor.submit(request(trial))
    executor.close()
    executor.close()
