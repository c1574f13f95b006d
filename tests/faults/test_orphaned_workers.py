"""A coordinator is killed; no process that it had started outlives it by 2 s."""

import time
from collections.abc import Iterator
from multiprocessing.connection import Listener
from pathlib import Path

import pytest
from processes import Marked, await_stop, heard, kill, marked, parent_of

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc"),
]

MOST_SECONDS = 2.0

COORDINATOR = """
import sys
import time

import scripted
from nas.executors import LocalExecutor, call, start_server

{at_import}

if __name__ == "__main__":
    address = sys.argv[1]
    {body}
    time.sleep(1000)
"""

WORKERS = """
    executor = LocalExecutor({start}, workers={workers})
    for trial in range({workers}):
        executor.submit(scripted.request(trial, f"{script}"))
    executor.wait(None)
"""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener(family="AF_UNIX") as listener:
        yield listener


def script(path: Path, body: str, at_import: str = "") -> Path:
    found = path / "coordinator.py"
    found.write_text(COORDINATOR.format(body=body.strip(), at_import=at_import))
    return found


def kill_first(found: Marked) -> None:
    """Kill the coordinator, and see whether all that it had started follow."""
    alive = found.alive()
    assert len(alive) >= 3, alive  # itself, the fork server, and others
    kill(found.process.pid)
    left = found.await_end(MOST_SECONDS)
    assert not left, f"outlived the coordinator by {MOST_SECONDS} s: {left}"


@pytest.mark.parametrize("kind", ["stop", "hold", "family", "ask"])
def test_while_workers_work(tmp_path: Path, listener: Listener, kind: str) -> None:
    asked = f"{kind} {{address}}"
    body = WORKERS.format(start="scripted.Scripted", workers=2, script=asked)
    path = script(tmp_path, body)
    with marked(path, listener.address, cwd=tmp_path) as found:
        questions = [listener.accept() for _ in range(2)]
        for question in questions:
            pids = question.recv()
            if kind == "stop":
                await_stop(*pids)
            if kind == "hold":
                time.sleep(0.2)  # until it does
        kill_first(found)


def test_while_a_worker_starts(tmp_path: Path, listener: Listener) -> None:
    start = "scripted.HoldFirst(address)"
    body = WORKERS.format(start=start, workers=1, script="return")
    path = script(tmp_path, body)
    with marked(path, listener.address, cwd=tmp_path) as found:
        heard(listener)
        kill_first(found)


def test_while_a_worker_imports(tmp_path: Path, listener: Listener) -> None:
    """Every worker imports the program that uses it, before anything of ours runs."""
    body = WORKERS.format(start="scripted.Scripted", workers=1, script="return")
    at_import = """
if __name__ != "__main__":
    scripted.HoldFirst(sys.argv[1])()
"""
    path = script(tmp_path, body, at_import)
    with marked(path, listener.address, cwd=tmp_path) as found:
        heard(listener)
        kill_first(found)


def test_while_the_server_imports(tmp_path: Path, listener: Listener) -> None:
    """No worker is there yet; the server must not stay until its imports are done."""
    (tmp_path / "slow_library.py").write_text(
        f"import scripted\nscripted.HoldFirst({listener.address!r})()\n"
    )
    body = 'server = start_server(["slow_library"])'
    path = script(tmp_path, body)
    with marked(path, listener.address, cwd=tmp_path) as found:
        (server,) = heard(listener)
        assert parent_of(server) == found.process.pid
        kill_first(found)


def test_while_a_call_is_made(tmp_path: Path, listener: Listener) -> None:
    body = "call(start_server(()), scripted.HoldFirst(address))"
    path = script(tmp_path, body)
    with marked(path, listener.address, cwd=tmp_path) as found:
        heard(listener)
        kill_first(found)


def test_while_workers_stand_still(tmp_path: Path, listener: Listener) -> None:
    body = """
    executor = LocalExecutor(scripted.Scripted, workers=2)
    for trial in range(2):
        executor.submit(scripted.request(trial, f"hold {address}"))
    executor.exclusively(scripted.HoldFirst(address), timeout_seconds=60)
"""
    path = script(tmp_path, body)
    with marked(path, listener.address, cwd=tmp_path) as found:
        heard(listener)
        kill_first(found)


def test_without_the_kernels_help(tmp_path: Path, listener: Listener) -> None:
    """A thread in each worker is enough, as long as threads can run."""
    body = """
    import nas.executors.process
    nas.executors.process.lifeline = lambda: "/dev/null/nowhere"
    import nas.executors.server
    nas.executors.server.lifeline = lambda: "/dev/null/nowhere"
""" + WORKERS.format(start="scripted.Scripted", workers=2, script="family {address}")
    path = script(tmp_path, body)
    with marked(path, listener.address, cwd=tmp_path) as found:
        for _ in range(2):
            assert len(heard(listener)) == 3
        kill_first(found)


def test_at_any_moment_of_the_start(tmp_path: Path, listener: Listener) -> None:
    body = WORKERS.format(start="scripted.Scripted", workers=2, script="sleep")
    path = script(tmp_path, body)
    for moment in range(8):
        with marked(path, listener.address, cwd=tmp_path) as found:
            while len(found.alive()) < 2:
                pass
            time.sleep(0.06 * moment)
            kill(found.process.pid)
            left = found.await_end(MOST_SECONDS)
            assert not left, f"{moment}: {left}"
