"""When a worker makes room for a fresh one, and who runs where and beside whom."""

from collections.abc import Iterator
from multiprocessing.connection import Listener

import pytest
from scripted import FewFiles, Scripted, request

from nas.executors import Executor, LocalExecutor, Packing, Start
from nas.executors.worker import Limits, num_open_files, own_bytes
from nas.records import EvalRequest, EvalResult

PATIENCE_SECONDS = 60
MIB = 2**20


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener(family="AF_UNIX") as listener:
        yield listener


def ages(limits: Limits, *scripts: str, start: Start = Scripted) -> list[float]:
    """Return how many requests the one worker had served before each script."""
    found = []
    with LocalExecutor(start, workers=1, limits=limits) as executor:
        for trial, script in enumerate(scripts):
            executor.submit(request(trial, script))
            (result,) = executor.wait(PATIENCE_SECONDS)
            found.append(result.curve[0] if result.curve else -1.0)
    return found


def test_after_a_number_of_requests() -> None:
    assert ages(Limits(requests=2), *["return"] * 5) == [0, 1, 0, 1, 0]


@pytest.mark.parametrize("script", ["raise", "exit 1", "exhaust"])
def test_after_a_failure(script: str) -> None:
    assert ages(Limits(), "return", "return", script, "return") == [0, 1, -1, 0]


def test_not_after_a_candidate_that_diverged() -> None:
    assert ages(Limits(), "return", "diverge", "return") == [0, -1, 1]


def test_after_its_memory_has_grown() -> None:
    if own_bytes() == 0:
        pytest.skip("this system does not tell")
    limits = Limits(growth_bytes=64 * MIB)
    small, large = f"grow {MIB}", f"grow {256 * MIB}"
    assert ages(limits, "return", small, large, "return") == [0, 1, 2, 0]
    # What the first one takes is what a training takes, and no growth.
    assert ages(limits, large, small, "return") == [0, 1, 2]


def test_a_leak_of_memory_does_not_add_up() -> None:
    if own_bytes() == 0:
        pytest.skip("this system does not tell")
    found = ages(Limits(growth_bytes=64 * MIB), *[f"grow {40 * MIB}"] * 12)
    assert found == [0, 1, 2] * 4


def test_after_its_open_files_have_grown() -> None:
    if num_open_files() == 0:
        pytest.skip("this system does not tell")
    limits = Limits(growth_files=20)
    assert ages(limits, "return", "open 5", "open 30", "return") == [0, 1, 2, 0]
    # What the first one opens is what a training opens, and no growth.
    assert ages(limits, "open 30", "open 5", "return") == [0, 1, 2]


def test_a_leak_of_files_never_meets_the_limit_of_the_system() -> None:
    if num_open_files() == 0:
        pytest.skip("this system does not tell")
    found = ages(Limits(), *["open 20"] * 12, start=FewFiles())
    assert found == [0, 1, 2] * 4


def test_this_process_has_memory_of_its_own() -> None:
    before = own_bytes()
    if before == 0:
        pytest.skip("this system does not tell")
    kept = bytearray(b"1") * (64 * MIB)
    assert own_bytes() - before > 60 * MIB
    del kept


class Named:
    """An evaluation whose results say on which device it is."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self) -> "Named.Evaluation":
        return Named.Evaluation(self.name)

    class Evaluation:
        def __init__(self, name: str) -> None:
            self.name = name
            self.scripted = Scripted()

        def __call__(self, request: EvalRequest) -> EvalResult:
            result = self.scripted(request)
            return EvalResult(
                trial=result.trial, status=result.status, seconds=0.0, device=self.name
            )


def test_devices_share_the_workers(listener: Listener) -> None:
    starts = [Named("a"), Named("b")]
    with LocalExecutor(starts, workers=4) as executor:
        for trial in range(4):
            executor.submit(request(trial, f"ask {listener.address}"))
        questions = [listener.accept() for _ in range(4)]
        for question in questions:
            question.send("go")
        found = drain(executor)
    assert sorted(result.device for result in found) == ["a", "a", "b", "b"]


class TestAlone:
    """What asks is running; what returns has run."""

    def test_it_waits_for_others_and_others_for_it(self, listener: Listener) -> None:
        with LocalExecutor(Scripted, workers=2) as executor:
            executor.submit(request(0, f"ask {listener.address}"))
            with listener.accept() as first:
                executor.submit(request(1, f"ask {listener.address}", alone=True))
                executor.submit(request(2))
                assert executor.wait(0.3) == []  # though a worker is idle
                first.send("go")
                assert [r.trial for r in executor.wait(PATIENCE_SECONDS)] == [0]
            with listener.accept() as alone:
                assert executor.wait(0.3) == []
                alone.send("go")
                assert [r.trial for r in executor.wait(PATIENCE_SECONDS)] == [1]
            assert [r.trial for r in executor.wait(PATIENCE_SECONDS)] == [2]

    def test_another_device_goes_on(self, listener: Listener) -> None:
        starts = [Named("a"), Named("b")]
        with LocalExecutor(starts, workers=4) as executor:
            executor.submit(request(0, f"ask {listener.address}", alone=True))
            with listener.accept() as alone:
                for trial in range(1, 6):
                    executor.submit(request(trial))
                others = [r for _ in range(5) for r in executor.wait(5.0)]
                assert sorted(r.trial for r in others) == [1, 2, 3, 4, 5]
                alone.send("go")
                (result,) = executor.wait(PATIENCE_SECONDS)
            assert {r.device for r in others} == {"a", "b"} - {result.device}

    def test_its_death_lets_the_others_go_on(self) -> None:
        with LocalExecutor(Scripted, workers=2) as executor:
            executor.submit(request(0, "exit 1", alone=True))
            executor.submit(request(1))
            found = {result.trial: result for result in drain(executor)}
        assert found[0].reason == "lost"
        assert found[1].status == "complete"


@pytest.mark.parametrize(("growth", "settled"), [(10.0, 2), (0.1, 1)])
def test_more_workers_while_that_gets_more_done(growth: float, settled: int) -> None:
    def work(request: EvalRequest) -> float:
        return growth**request.trial  # outweighs whatever the clock says

    seen = set()
    packing = Packing([1, 2])
    with LocalExecutor(Scripted, workers=packing, work=work) as executor:
        waiting = 0
        for trial in range(30):
            executor.submit(request(trial))
            waiting += 1
            while waiting >= executor.capacity:
                waiting -= len(executor.wait(PATIENCE_SECONDS))
                seen.add(executor.capacity)
    assert seen == {1, 2}
    assert packing.workers == settled


def drain(executor: Executor) -> list[EvalResult]:
    results = []
    while finished := executor.wait(PATIENCE_SECONDS):
        results += finished
    return results
