"""Worker processes: their start, their death, and that of the coordinator."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.connection import Listener
from pathlib import Path

import pytest
from scripted import AskFirst, Scripted, request

from nas.executors import Executor, LocalExecutor
from nas.executors.server import ONE_THREAD

PATIENCE_SECONDS = 60


@pytest.fixture
def executor() -> Iterator[Executor]:
    with LocalExecutor(Scripted, workers=2) as executor:
        yield executor


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener(family="AF_UNIX") as listener:
        yield listener


def test_a_time_out_leaves_the_worker_alone(
    executor: Executor, listener: Listener
) -> None:
    executor.submit(request(0, f"ask {listener.address}"))
    with listener.accept() as question:
        assert executor.wait(0.01) == []
        question.send("go")
        (result,) = executor.wait(PATIENCE_SECONDS)
    assert result.device == "go"


def test_requests_run_at_the_same_time(executor: Executor, listener: Listener) -> None:
    for trial in range(2):
        executor.submit(request(trial, f"ask {listener.address}"))
    with listener.accept() as first, listener.accept() as second:
        assert first.recv() != second.recv()


def test_a_killed_worker_costs_its_own_request_only(
    executor: Executor, listener: Listener
) -> None:
    executor.submit(request(0, f"ask {listener.address}"))
    with listener.accept() as victim:
        executor.submit(request(1, f"ask {listener.address}"))
        with listener.accept() as other:
            os.kill(victim.recv(), signal.SIGKILL)
            (died,) = executor.wait(PATIENCE_SECONDS)
            assert (died.trial, died.status) == (0, "failed")
            assert died.error == "worker died (signal 9)"
            assert died.reason == "lost"
            executor.submit(request(2))
            (replaced,) = executor.wait(PATIENCE_SECONDS)
            assert (replaced.trial, replaced.status) == (2, "complete")
            other.send("go")
            (survived,) = executor.wait(PATIENCE_SECONDS)
    assert (survived.trial, survived.status) == (1, "complete")


def test_a_worker_that_exits_says_with_which_code(executor: Executor) -> None:
    executor.submit(request(0, "exit 3"))
    (result,) = executor.wait(PATIENCE_SECONDS)
    assert result.error == "worker died (exit code 3)"


def test_a_worker_killed_while_idle_costs_nothing() -> None:
    with LocalExecutor(Scripted, workers=1) as executor:
        executor.submit(request(0))
        (first,) = executor.wait(PATIENCE_SECONDS)
        os.kill(int(first.device), signal.SIGKILL)
        await_death(int(first.device))
        executor.submit(request(1))
        (second,) = executor.wait(PATIENCE_SECONDS)
    assert second.status == "complete"
    assert second.device != first.device


def test_workers_ignore_an_interrupt(executor: Executor, listener: Listener) -> None:
    executor.submit(request(0, f"ask {listener.address}"))
    with listener.accept() as question:
        os.kill(question.recv(), signal.SIGINT)
        question.send("go")
        (result,) = executor.wait(PATIENCE_SECONDS)
        assert result.status == "complete"


def test_the_caller_goes_on_while_workers_start(listener: Listener) -> None:
    start = AskFirst(str(listener.address))
    with LocalExecutor(start, workers=1) as executor:
        executor.submit(request(0))
        assert executor.wait(0.0) == []
        with listener.accept() as question:
            question.recv()
            question.send("go")
        (result,) = executor.wait(PATIENCE_SECONDS)
    assert (result.status, result.error) == ("complete", None)


def test_workers_compute_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with LocalExecutor(Scripted, workers=1) as executor:
        for name in ONE_THREAD:
            executor.submit(request(0, f"environment {name}"))
            (result,) = executor.wait(PATIENCE_SECONDS)
            assert result.device == "1"
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


def test_close_ends_busy_workers(listener: Listener) -> None:
    executor = LocalExecutor(Scripted, workers=2)
    executor.submit(request(0, f"ask {listener.address}"))
    with listener.accept() as question:
        question.recv()
        executor.close()
        assert question.poll(PATIENCE_SECONDS)
        with pytest.raises(EOFError):
            question.recv()


COORDINATOR = """
import sys
from scripted import Scripted, request
from nas.executors import LocalExecutor

if __name__ == "__main__":
    executor = LocalExecutor(Scripted, workers=2)
    for trial in range(2):
        executor.submit(request(trial, f"ask {sys.argv[1]}"))
    executor.wait(None)
"""


def test_workers_die_with_the_coordinator(tmp_path: Path, listener: Listener) -> None:
    script = tmp_path / "coordinator.py"
    script.write_text(COORDINATOR)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    coordinator = subprocess.Popen(
        [sys.executable, str(script), str(listener.address)], env=environment
    )
    with (
        coordinator,
        closing(listener.accept()) as one,
        closing(listener.accept()) as two,
    ):
        for question in (one, two):
            question.recv()
        coordinator.kill()
        for question in (one, two):
            assert question.poll(2.0), "the worker outlived its coordinator by 2 s"
            with pytest.raises(EOFError):
                question.recv()


def await_death(pid: int) -> None:
    """Wait until the process is gone and its exit has been collected."""
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
