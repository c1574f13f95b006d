"""An executor with worker processes on this machine."""

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import connection
from multiprocessing.reduction import ForkingPickler
from time import monotonic
from typing import Final, final

from nas.executors.base import Executor, Start
from nas.executors.outcome import failed
from nas.executors.process import WorkerProcess, start_server
from nas.records import EvalRequest, EvalResult

PATIENCE_SECONDS: Final = 1.0
"""How long a worker may take to end by itself before it is killed."""


@final
class LocalExecutor(Executor):
    """Evaluates in persistent processes, which start while the caller goes on.

    A process that dies costs the request it was working on, nothing else; another one
    takes its place when it is needed. The processes compute on one thread each, ignore
    Ctrl-C, and end with the process that made the executor.

    Args:
        start: gives each process its evaluation.
        workers: how many processes.
        preload: modules to import once for all of them.
    """

    def __init__(
        self, start: Start, *, workers: int, preload: Sequence[str] = ()
    ) -> None:
        assert workers >= 1, workers
        self._pickled_start = bytes(ForkingPickler.dumps(start))
        self._capacity = workers
        self._context = start_server(preload)
        self._queue: deque[EvalRequest] = deque()
        self._running: dict[WorkerProcess, tuple[EvalRequest, float]] = {}
        self._finished: list[EvalResult] = []
        self._workers = [self._new_worker() for _ in range(workers)]

    @property
    def capacity(self) -> int:
        """The number of processes."""
        return self._capacity

    def submit(self, request: EvalRequest) -> None:
        """Queue a request, and hand it to a free process if there is one."""
        self._queue.append(request)
        self._hand_out()

    def wait(self, timeout_seconds: float | None) -> list[EvalResult]:
        """Wait for processes to finish or to die."""
        until = None if timeout_seconds is None else monotonic() + timeout_seconds
        while not self._finished and (self._running or self._queue):
            self._hand_out()
            left = None if until is None else max(0.0, until - monotonic())
            if not self._collect(left):
                break
        self._hand_out()
        finished, self._finished = self._finished, []
        return finished

    def close(self) -> None:
        """End all processes, busy or not."""
        self._queue.clear()
        self._running.clear()
        for worker in self._workers:
            worker.hang_up()
        until = monotonic() + PATIENCE_SECONDS
        for worker in self._workers:
            worker.end(max(0.0, until - monotonic()))
        self._workers.clear()

    def _new_worker(self) -> WorkerProcess:
        return WorkerProcess(self._context, self._pickled_start)

    def _hand_out(self) -> None:
        """Send queued requests to processes that have nothing to do."""
        while self._queue and (worker := self._free_worker()) is not None:
            request = self._queue.popleft()
            self._running[worker] = (request, monotonic())
            with suppress(OSError):  # it just died, which `_collect` will find
                worker.connection.send(request)

    def _free_worker(self) -> WorkerProcess | None:
        for worker in list(self._workers):
            if worker not in self._running:
                if not worker.connection.poll():
                    return worker
                # A process with nothing to do has nothing to say: this is its end.
                self._bury(worker)
        if len(self._workers) < self._capacity:
            self._workers.append(self._new_worker())
            return self._workers[-1]
        return None

    def _collect(self, timeout_seconds: float | None) -> bool:
        """Take in what busy processes have to say; False if nothing came in time."""
        connections = [worker.connection for worker in self._running]
        ready = connection.wait(connections, timeout_seconds)
        for worker in [w for w in self._running if w.connection in ready]:
            request, since = self._running[worker]
            try:
                result = worker.connection.recv()
            except (EOFError, OSError):
                reason = worker.cause_of_death()
                result = failed(request, reason, monotonic() - since)
                self._bury(worker)
            self._finished.append(result)
            del self._running[worker]
        return bool(ready)

    def _bury(self, worker: WorkerProcess) -> None:
        worker.connection.close()
        self._workers.remove(worker)
