"""Latency as an objective: candidates are measured first, and failures are trials."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_latency import latency
from made_run import architectures, make_run

from nas.api import resume, search
from nas.arch import Architecture
from nas.data import SearchData, Split
from nas.errors import SearchFailed
from nas.executors import InlineExecutor
from nas.latency import Latency
from nas.nn.timed import Timed
from nas.records import EvalRequest, EvalResult
from nas.search import Finished, Paused, Started, latency_slot, loop
from nas.search.latency_slot import latency_in_slot
from nas.search.loop import run_search

NO_IMAGES = Split(images=np.zeros((2, 1, 8, 8), np.uint8), labels=np.zeros(2, np.int64))
DATA = SearchData(
    name="nothing",
    classes=tuple("0123456789"),
    train=NO_IMAGES,
    validation=NO_IMAGES,
    mean=(0.5,),
    std=(0.25,),
)
LATENCY = ("accuracy", "latency")


class Measuring:
    """Stands in for the measurement; calls number from 0 on, and some fail."""

    def __init__(self, log: list[str], fails: Callable[[int], object]) -> None:
        self.log, self.fails = log, fails
        self.calls = 0

    def __call__(self, subjects, batch_sizes, device, threads, seconds):
        (subject,) = subjects
        assert isinstance(subject.network, Architecture)
        assert (batch_sizes, device, threads) == ((1,), "cpu", 1)
        self.log.append("measured")
        call, self.calls = self.calls, self.calls + 1
        failure = self.fails(call)
        if isinstance(failure, Exception):
            raise failure
        if isinstance(failure, str):
            return failure
        return (Timed(params=1, macs=1, latencies=(latency(1.0 + call),)),)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happens, in order: trainings last no time and reach one in two."""
    happened: list[str] = []

    def evaluate(request: EvalRequest) -> EvalResult:
        happened.append("trained")
        return EvalResult(
            trial=request.trial,
            status="complete",
            seconds=0.5,
            accuracy=0.5,
            loss=0.5,
            curve=(0.5,),
        )

    monkeypatch.setattr(loop, "start_evaluator", lambda *_: evaluate)
    return happened


@pytest.fixture
def measuring(log: list[str], monkeypatch: pytest.MonkeyPatch):
    def use(fails: Callable[[int], object] = lambda call: None) -> None:
        monkeypatch.setattr(latency_slot, "timed", Measuring(log, fails))

    return use


def test_each_candidate_is_measured_once_and_before_its_training(
    tmp_path: Path, log, measuring
):
    measuring()
    run = make_run(tmp_path / "run", trials=3, objectives=LATENCY)
    records = run_search(run, DATA)
    assert log == ["measured", "trained"] * 3
    assert [r.latency and r.latency.median_ms for r in records] == [1.0, 2.0, 3.0]
    assert run.records() == records


def test_a_search_for_size_measures_nothing(tmp_path: Path, log, measuring):
    measuring()
    records = run_search(make_run(tmp_path / "run", trials=2), DATA)
    assert log == ["trained"] * 2
    assert [r.latency for r in records] == [None, None]


@pytest.mark.parametrize(
    "failure", [ChildProcessError("worker died (signal 9)"), "could not be run: no"]
)
def test_a_measurement_that_fails_once_is_made_again(
    tmp_path: Path, log, measuring, failure
):
    measuring(lambda call: failure if call == 0 else None)
    (record,) = run_search(
        make_run(tmp_path / "run", trials=1, objectives=LATENCY), DATA
    )
    assert log == ["measured", "measured", "trained"]
    assert record.status == "complete"
    assert record.latency == latency(2.0)


def test_one_that_fails_twice_is_a_failed_trial_that_can_be_retried(
    tmp_path: Path, log, measuring
):
    died = ChildProcessError("worker died (signal 9)")
    measuring(lambda call: died if call in (1, 2) else None)
    run = make_run(tmp_path / "run", trials=3, objectives=LATENCY)
    events: list[object] = []
    first, second, third = run_search(run, DATA, on_event=events.append)
    assert log == [
        *("measured", "trained"),
        *["measured"] * 2,
        *("measured", "trained"),
    ]
    assert second.status == "failed"
    assert second.reason == "lost"
    assert second.error == ("its latency could not be measured: worker died (signal 9)")
    assert (first.status, third.status) == ("complete", "complete")
    told = [e for e in events if isinstance(e, Started | Finished | Paused)]
    assert [type(event) for event in told] == [Started, Finished] * 3
    again = run_search(run, DATA, retry_failed=True)
    assert [record.status for record in again] == ["complete"] * 3
    assert again[1].latency is not None
    assert again[1].architecture == second.architecture


def test_nothing_but_such_failures_ends_the_search(tmp_path: Path, log, measuring):
    measuring(lambda call: "could not be run: RuntimeError: no")
    run = make_run(tmp_path / "run", trials=30, max_failures=4, objectives=LATENCY)
    with pytest.raises(SearchFailed, match="4 trials in a row failed; the first one"):
        run_search(run, DATA)
    assert log == ["measured"] * 8
    assert len(run.records()) == 4


def test_a_real_search_measures_beside_its_workers_and_goes_on_later(tmp_path: Path):
    run = search(
        space="minimal",
        max_params=8_000,
        trials=3,
        epochs=1,
        workers=2,
        device="cpu",
        objectives=LATENCY,
        run=tmp_path / "run",
    )
    records = resume(run.path, trials=4).records
    assert [record.status for record in records] == ["complete"] * 4
    for record in records:
        assert record.latency is not None
        assert (record.latency.batch_size, record.latency.threads) == (1, 1)
        assert run.latencies(record) == (record.latency,)


def test_a_network_is_measured_in_the_process_itself_where_trainings_are():
    with InlineExecutor(lambda: None) as executor:  # type: ignore[arg-type]
        found = latency_in_slot(executor, "cpu")(architectures(1)[0])
    assert isinstance(found, Latency)
    assert found.runs >= 5
