"""A worker process as the coordinator sees it."""

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from threading import Thread
from typing import Final

from nas.executors.worker import Limits, serve

ONE_THREAD: Final = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
"""For libraries that read it when they load: on one core, threads only wait."""


def start_server(preload: Sequence[str]) -> ForkServerContext:
    """Start the process that workers are forked from, and return at once.

    It imports the modules in ``preload`` first, so that no worker needs to: called
    early, it does so while the caller reads data. One that already runs in this
    process's name stays as it is.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    with _inherited_by_workers():
        forkserver.ensure_running()
    return context


class WorkerProcess:
    """A process that serves requests on ``connection``, and starts in the background.

    Requests may be sent from the beginning. Once the process is dead, for whatever
    reason, the connection is at its end: no other process holds its other side.

    Args:
        context: whose server the process is forked from.
        pickled_start: gives it its evaluation.
        limits: of its life.
        device: the number of the device that it computes on.
    """

    def __init__(
        self,
        context: ForkServerContext,
        pickled_start: bytes,
        limits: Limits,
        device: int,
    ) -> None:
        self.device = device
        self.connection, theirs = context.Pipe()
        self._failure: Exception | None = None
        self._process = context.Process(
            target=serve, args=(theirs, pickled_start, limits), daemon=True
        )
        # Starting waits until the server has done its imports.
        self._starter = Thread(target=self._start, args=(theirs,), daemon=True)
        self._starter.start()

    def _start(self, theirs: Connection) -> None:
        try:
            self._process.start()
        except Exception as error:
            self._failure = error
        finally:
            theirs.close()

    def cause_of_death(self) -> str:
        """Return why the process ended, given that its connection has."""
        self._starter.join()
        if self._failure is not None:
            return f"worker could not start: {self._failure!r}"
        self._process.join()
        code = self._process.exitcode
        assert code is not None
        kind = f"signal {-code}" if code < 0 else f"exit code {code}"
        return f"worker died ({kind})"

    def hang_up(self) -> None:
        """Ask the process to end; one that is still starting will see it later."""
        self.connection.close()
        if self._is_started():
            self._process.terminate()

    def end(self, patience_seconds: float) -> None:
        """Wait for the process to end, and kill it when the patience does."""
        if self._is_started():
            self._process.join(patience_seconds)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()

    def _is_started(self) -> bool:
        return not self._starter.is_alive() and self._failure is None


@contextmanager
def _inherited_by_workers() -> Iterator[None]:
    """Lend this process the environment and the deafness to Ctrl-C of its workers."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    in_main_thread = threading.current_thread() is threading.main_thread()
    if in_main_thread:
        on_interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        if in_main_thread:
            signal.signal(signal.SIGINT, on_interrupt)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
