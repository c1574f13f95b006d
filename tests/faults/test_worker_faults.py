"""Workers that are killed, stopped, hang or take ever more; none costs the others."""

import os
import signal
import time
from collections.abc import Iterator
from multiprocessing.connection import Listener
from pathlib import Path

import pytest
from processes import (
    all_gone,
    await_stop,
    children_of,
    heard,
    is_gone,
    kill,
    marked,
    parent_of,
    state_of,
)
from scripted import AskFirst, HoldFirst, Scripted, request

from nas.executors import Executor, LocalExecutor, call, start_server
from nas.executors.oom import _counted, num_oom_kills
from nas.executors.worker import Limits, num_open_files

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc"),
]

PATIENCE_SECONDS = 60
SOON_SECONDS = 10.0
"""Far more than it takes, far less than for ever."""


@pytest.fixture
def executor() -> Iterator[Executor]:
    with LocalExecutor(Scripted, workers=1) as executor:
        yield executor


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener(family="AF_UNIX") as listener:
        yield listener


class TestHanging:
    @pytest.mark.parametrize("kind", ["stop", "hold", "family"])
    def test_it_is_killed_with_all_it_has_started(
        self, executor: Executor, listener: Listener, kind: str
    ) -> None:
        executor.submit(request(0, f"{kind} {listener.address}", timeout_seconds=1.0))
        pids = heard(listener)
        assert len(pids) == (3 if kind == "family" else 1)
        assert not any(map(is_gone, pids))
        (result,) = executor.wait(PATIENCE_SECONDS)
        assert (result.trial, result.reason) == (0, "timed out")
        assert all_gone(pids, 2.0)
        executor.submit(request(1))
        (result,) = executor.wait(PATIENCE_SECONDS)
        assert (result.trial, result.status) == (1, "complete")

    def test_others_go_on(self, listener: Listener) -> None:
        with LocalExecutor(Scripted, workers=2) as executor:
            script = f"stop {listener.address}"
            executor.submit(request(0, script, timeout_seconds=2.0))
            heard(listener)
            for trial in range(1, 6):
                executor.submit(request(trial))
            found = [r for _ in range(5) for r in executor.wait(PATIENCE_SECONDS)]
            assert [r.trial for r in found] == [1, 2, 3, 4, 5]
            assert [r.trial for r in executor.wait(PATIENCE_SECONDS)] == [0]

    def test_the_start_takes_none_of_the_time(self, listener: Listener) -> None:
        start = AskFirst(str(listener.address))
        with LocalExecutor(start, workers=1) as executor:
            executor.submit(request(0, timeout_seconds=0.3))
            with listener.accept() as question:
                assert executor.wait(0.6) == []
                question.send("go")
                (result,) = executor.wait(PATIENCE_SECONDS)
        assert result.status == "complete"

    def test_a_start_may_not_last_for_ever(self, listener: Listener) -> None:
        start = HoldFirst(str(listener.address))
        limits = Limits(start_seconds=1.0)
        with LocalExecutor(start, workers=1, limits=limits) as executor:
            executor.submit(request(0))
            (pid,) = heard(listener)
            (result,) = executor.wait(PATIENCE_SECONDS)
            assert result.reason == "lost"
            assert result.error == (
                "worker could not start: it was not ready within 1 s"
            )
            assert all_gone([pid], 2.0)


class TestFullPipes:
    """Nothing waits for a worker that does not read, or says half of something."""

    LARGE = 50_000_000

    def test_a_large_request_to_one_that_is_stopped(self, executor: Executor) -> None:
        executor.submit(request(0))
        (result,) = executor.wait(PATIENCE_SECONDS)
        os.kill(int(result.device), signal.SIGSTOP)
        script = "swallow " + "x" * self.LARGE
        executor.submit(request(1, script, timeout_seconds=0.5))
        (result,) = executor.wait(PATIENCE_SECONDS)
        assert (result.trial, result.reason) == (1, "timed out")

    def test_a_large_request_to_one_that_is_starting(self, listener: Listener) -> None:
        start = AskFirst(str(listener.address))
        with LocalExecutor(start, workers=1) as executor:
            executor.submit(request(0, "swallow " + "x" * self.LARGE))
            with listener.accept() as question:
                assert executor.wait(0.1) == []
                question.send("go")
            (result,) = executor.wait(PATIENCE_SECONDS)
        assert result.device == str(self.LARGE)

    def test_a_large_result_comes_whole(self, executor: Executor) -> None:
        executor.submit(request(0, f"say {self.LARGE}"))
        (result,) = executor.wait(PATIENCE_SECONDS)
        assert len(result.device) == self.LARGE

    @pytest.mark.parametrize(
        ("sent", "reason", "error"),
        [
            (signal.SIGSTOP, "timed out", "timed out: it was not done within its"),
            (signal.SIGKILL, "lost", "worker died (signal 9)"),
        ],
    )
    def test_half_a_result(
        self, executor: Executor, sent: int, reason: str, error: str
    ) -> None:
        executor.submit(request(0))
        (result,) = executor.wait(PATIENCE_SECONDS)
        worker = int(result.device)
        executor.submit(request(1, f"say {self.LARGE}", timeout_seconds=2.0))
        await_full_pipe(worker)
        os.kill(worker, sent)
        (result,) = executor.wait(PATIENCE_SECONDS)
        assert (result.trial, result.reason) == (1, reason)
        assert result.error is not None
        assert result.error.startswith(error)


def await_full_pipe(pid: int) -> None:
    """Wait until a process sleeps in sending, which nobody receives."""
    seen = 0
    while seen < 10:
        seen = seen + 1 if state_of(pid) == "S" else 0
        time.sleep(0.02)


class TestDeaths:
    def test_while_starting(self, listener: Listener) -> None:
        start = AskFirst(str(listener.address))
        with LocalExecutor(start, workers=1) as executor:
            executor.submit(request(0))
            with listener.accept() as question:
                kill(question.recv())
                (result,) = executor.wait(PATIENCE_SECONDS)
            assert result.reason == "lost"
            assert result.error == "worker died (signal 9)"

    def test_one_that_leaves_a_child_behind(
        self, executor: Executor, listener: Listener
    ) -> None:
        # The child of a fork holds all that its parent had open, the connection, too.
        executor.submit(request(0, f"family {listener.address}"))
        worker, *children = heard(listener)
        kill(worker)
        began = time.monotonic()
        (result,) = executor.wait(PATIENCE_SECONDS)
        assert time.monotonic() - began < SOON_SECONDS
        assert result.reason == "lost"
        assert all_gone(children, 2.0)

    def test_idle_ones_cost_nothing(self) -> None:
        with LocalExecutor(Scripted, workers=1) as executor:
            for trial in range(8):
                executor.submit(request(trial))
                (result,) = executor.wait(PATIENCE_SECONDS)
                assert result.status == "complete"
                kill(int(result.device))

    def test_they_leave_nothing_open_here(self) -> None:
        with LocalExecutor(Scripted, workers=2) as executor:

            def die() -> None:
                for trial in range(4):
                    executor.submit(request(trial, "exit 1"))
                while executor.wait(PATIENCE_SECONDS):
                    pass

            die()
            before = num_open_files()
            for _ in range(5):
                die()
            assert num_open_files() <= before + 2


class TestServer:
    """The process that all workers are forked from."""

    def test_its_death_costs_no_request(
        self, executor: Executor, listener: Listener
    ) -> None:
        executor.submit(request(0, f"ask {listener.address}"))
        with listener.accept() as question:
            worker = question.recv()
            server = parent_of(worker)
            kill(server)
            assert all_gone([server], SOON_SECONDS)
            question.send("go")
            (result,) = executor.wait(PATIENCE_SECONDS)
            assert (result.trial, result.status) == (0, "complete")
        executor.submit(request(1, "environment OMP_NUM_THREADS"))
        (result,) = executor.wait(PATIENCE_SECONDS)
        assert (result.trial, result.status) == (1, "complete")
        # The death of a worker whose server is gone is found out all the same.
        executor.submit(request(2, f"stop {listener.address}"))
        assert heard(listener) == [worker]
        kill(worker)
        (result,) = executor.wait(SOON_SECONDS)
        assert (result.trial, result.reason) == (2, "lost")
        # The next one is forked from a new server, like the first.
        executor.submit(request(3, "environment OMP_NUM_THREADS"))
        (result,) = executor.wait(PATIENCE_SECONDS)
        assert (result.status, result.device) == ("complete", "1")

    def test_while_it_is_stopped_nothing_hangs(self, listener: Listener) -> None:
        server = self.server()
        os.kill(server, signal.SIGSTOP)
        try:
            await_stop(server)
            limits = Limits(start_seconds=0.5)
            start = HoldFirst(str(listener.address))
            with LocalExecutor(start, workers=1, limits=limits) as executor:
                executor.submit(request(0))
                (result,) = executor.wait(PATIENCE_SECONDS)
                assert result.reason == "lost"
                began = time.monotonic()
            assert time.monotonic() - began < SOON_SECONDS
        finally:
            os.kill(server, signal.SIGCONT)
        # The worker that is forked after all is killed, though it would hold for ever.
        assert self.server() == server
        assert all_gone(children_of(server), SOON_SECONDS)

    def test_libraries_that_cannot_be_imported_are_the_workers_business(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "broken_library.py").write_text("raise OSError('no libbroken.so')")
        program = tmp_path / "program.py"
        program.write_text(BROKEN)
        with marked(program, cwd=tmp_path) as found:
            out, _ = found.process.communicate(timeout=PATIENCE_SECONDS)
        assert out.splitlines() == ["complete ", "lost OSError: no libbroken.so"]

    def server(self) -> int:
        with LocalExecutor(Scripted, workers=1) as executor:
            executor.submit(request(0))
            (result,) = executor.wait(PATIENCE_SECONDS)
            return parent_of(int(result.device))


BROKEN = """
import scripted
from nas.executors import LocalExecutor

def start():
    import broken_library

if __name__ == "__main__":
    for begin in (scripted.Scripted, start):
        with LocalExecutor(begin, workers=1, preload=["broken_library"]) as executor:
            executor.submit(scripted.request(0))
            (result,) = executor.wait(None)
            says = (result.error or "").removeprefix("worker could not start: ")
            print(result.reason or result.status, says)
"""


class TestClosing:
    @pytest.mark.parametrize("kind", ["stop", "hold", "family"])
    def test_it_ends_all_within_seconds(self, listener: Listener, kind: str) -> None:
        executor = LocalExecutor(Scripted, workers=2)
        pids = []
        for trial in range(2):
            executor.submit(request(trial, f"{kind} {listener.address}"))
            pids += heard(listener)
        began = time.monotonic()
        executor.close()
        assert all_gone(pids, SOON_SECONDS)
        assert time.monotonic() - began < SOON_SECONDS

    def test_it_ends_what_is_starting(self, listener: Listener) -> None:
        executor = LocalExecutor(HoldFirst(str(listener.address)), workers=1)
        pids = heard(listener)
        began = time.monotonic()
        executor.close()
        assert all_gone(pids, SOON_SECONDS)
        assert time.monotonic() - began < SOON_SECONDS


class TestCall:
    def test_one_that_hangs_is_ended(self, listener: Listener) -> None:
        hold = HoldFirst(str(listener.address))
        with pytest.raises(ChildProcessError, match="took longer than 1 s"):
            call(start_server(()), hold, timeout_seconds=1.0)
        assert all_gone(heard(listener), 2.0)


@pytest.fixture
def small_group() -> Iterator[Path]:
    """A control group of processes that may use little memory."""
    first = Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")
    name = "memory.limit_in_bytes" if first.exists() else "memory.max"
    root = first.parent if first.exists() else Path("/sys/fs/cgroup")
    group = root / f"nas-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    try:
        try:
            (group / name).write_text(str(64 * 2**20))
        except OSError as error:
            pytest.skip(f"no control group of memory can be made here: {error}")
        yield group
    finally:
        empty(group)


def empty(group: Path) -> None:
    while True:
        try:
            group.rmdir()
        except OSError:  # its process is not quite gone
            time.sleep(0.05)
        else:
            return


class TestOutOfMemory:
    def test_a_worker_that_the_kernel_kills(
        self, executor: Executor, listener: Listener, small_group: Path
    ) -> None:
        before = num_oom_kills()
        executor.submit(request(0, f"overfill {small_group}"))
        (result,) = executor.wait(PATIENCE_SECONDS)
        if num_oom_kills() == before:
            pytest.skip("this system does not tell of such kills")
        assert (result.status, result.reason) == ("failed", "out of memory")
        assert result.error == "worker died (signal 9): the system was out of memory"
        # A kill that comes later is none of that.
        executor.submit(request(1, f"stop {listener.address}"))
        kill(*heard(listener))
        (result,) = executor.wait(PATIENCE_SECONDS)
        assert result.reason == "lost"

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("nr_free_pages 1\noom_kill 3\nnuma_hit 5\n", 3),  # /proc/vmstat
            ("low 0\noom 4\noom_kill 2\noom_group_kill 7\n", 2),  # memory.events
            ("oom_kill_disable 1\nunder_oom 0\noom_kill 9\n", 9),  # memory.oom_control
            ("nr_free_pages 1\n", 0),
        ],
    )
    def test_counts_as_the_kernel_writes_them(
        self, tmp_path: Path, text: str, expected: int
    ) -> None:
        (tmp_path / "counts").write_text(text)
        assert _counted(tmp_path / "counts") == expected
        assert _counted(tmp_path / "missing") == 0

    def test_the_one_with_the_results_is_not_the_first_to_go(
        self, executor: Executor
    ) -> None:
        executor.submit(request(0))
        (result,) = executor.wait(PATIENCE_SECONDS)

        def badness(pid: int | str) -> int:
            return int(Path(f"/proc/{pid}/oom_score_adj").read_text())

        assert badness(int(result.device)) > badness("self")
