"""An executor with worker processes on this machine."""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing import connection
from multiprocessing.reduction import ForkingPickler
from time import monotonic
from typing import Final, final

from nas.executors.base import Executor, Start
from nas.executors.outcome import failed
from nas.executors.packing import Packing
from nas.executors.process import WorkerProcess, start_server
from nas.executors.worker import Answer, Limits
from nas.records import EvalRequest, EvalResult

PATIENCE_SECONDS: Final = 1.0
"""How long a worker may take to end by itself before it is killed."""


@final
class LocalExecutor(Executor):
    """Evaluates in persistent processes, which start while the caller goes on.

    A process that dies costs the request it was working on, nothing else; another one
    takes its place when it is needed, as for one that has met its limits. The processes
    compute on one thread each, ignore Ctrl-C, and end with the process that made the
    executor.

    Args:
        start: gives each process its evaluation; several are for as many devices, over
            which the processes are spread evenly.
        workers: how many processes, or what finds out how many.
        preload: modules to import once for all of them.
        limits: of the life of a process.
        work: how much there is to do for a request, in any unit, for what finds out.
    """

    def __init__(
        self,
        start: Start | Sequence[Start],
        *,
        workers: int | Packing,
        preload: Sequence[str] = (),
        limits: Limits | None = None,
        work: Callable[[EvalRequest], float] = lambda _: 1.0,
    ) -> None:
        starts = [start] if callable(start) else start
        self._starts = [bytes(ForkingPickler.dumps(start)) for start in starts]
        self._packing = workers if isinstance(workers, Packing) else Packing([workers])
        self._limits = limits or Limits()
        self._work = work
        self._context = start_server(preload)
        self._queue: deque[EvalRequest] = deque()
        self._alone: deque[EvalRequest] = deque()
        self._reserved: int | None = None
        self._running: dict[WorkerProcess, tuple[EvalRequest, float]] = {}
        self._finished: list[EvalResult] = []
        self._workers: list[WorkerProcess] = []
        for place in range(self.capacity):
            self._new_worker(place % len(self._starts))

    @property
    def capacity(self) -> int:
        """The number of processes that there should be for now."""
        return self._packing.workers

    def submit(self, request: EvalRequest) -> None:
        """Queue a request, and hand it to a free process if there is one."""
        (self._alone if request.alone else self._queue).append(request)
        self._hand_out()

    def wait(self, timeout_seconds: float | None) -> list[EvalResult]:
        """Wait for processes to finish or to die."""
        until = None if timeout_seconds is None else monotonic() + timeout_seconds
        while not self._finished and (self._running or self._queue or self._alone):
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
        self._alone.clear()
        self._running.clear()
        for worker in self._workers:
            worker.hang_up()
        until = monotonic() + PATIENCE_SECONDS
        for worker in self._workers:
            worker.end(max(0.0, until - monotonic()))
        self._workers.clear()

    def _new_worker(self, device: int) -> WorkerProcess:
        start = self._starts[device]
        worker = WorkerProcess(self._context, start, self._limits, device)
        self._workers.append(worker)
        return worker

    def _hand_out(self) -> None:
        """Send waiting requests to processes that have nothing to do."""
        if self._alone:
            if self._reserved is None:
                self._reserved = min(range(len(self._starts)), key=self._busy)
            if self._busy(self._reserved) == 0:
                self._send(self._alone.popleft(), self._reserved)
        while self._queue and (device := self._open_device()) is not None:
            self._send(self._queue.popleft(), device)

    def _busy(self, device: int) -> int:
        """Return how many requests are evaluated on a device."""
        return sum(worker.device == device for worker in self._running)

    def _open_device(self) -> int | None:
        """Return where there is room for another request, None if nowhere."""
        if len(self._running) >= self.capacity:
            return None
        each = -(-self.capacity // len(self._starts))
        devices = set(range(len(self._starts))) - {self._reserved}
        open_ones = [device for device in devices if self._busy(device) < each]
        return min(open_ones, key=self._busy, default=None)

    def _send(self, request: EvalRequest, device: int) -> None:
        worker = self._free_worker(device)
        self._running[worker] = (request, monotonic())
        with suppress(OSError):  # it just died, which `_collect` will find
            worker.connection.send(request)

    def _free_worker(self, device: int) -> WorkerProcess:
        for worker in list(self._workers):
            if worker.device == device and worker not in self._running:
                if not worker.connection.poll():
                    return worker
                # A process with nothing to do has nothing to say: this is its end.
                self._bury(worker)
        return self._new_worker(device)

    def _collect(self, timeout_seconds: float | None) -> bool:
        """Take in what busy processes have to say; False if nothing came in time."""
        connections = [worker.connection for worker in self._running]
        ready = connection.wait(connections, timeout_seconds)
        full = len(self._running) >= self.capacity
        for worker in [w for w in self._running if w.connection in ready]:
            request, since = self._running[worker]
            try:
                answer: Answer = worker.connection.recv()
            except (EOFError, OSError):
                cause = worker.cause_of_death()
                answer = failed(request, cause, monotonic() - since, "lost"), True
            result, is_last = answer
            if is_last:
                self._bury(worker)
            self._finished.append(result)
            del self._running[worker]
            if request.alone and not self._alone:
                self._reserved = None
            if result.status != "failed":
                work = self._work(request)
                self._packing.finished(work, monotonic(), full=full)
        self._dismiss()
        return bool(ready)

    def _dismiss(self) -> None:
        """End processes with nothing to do that are more than there should be."""
        idle = [worker for worker in self._workers if worker not in self._running]
        surplus = len(self._workers) - self.capacity
        for worker in idle[: max(0, surplus)]:
            worker.hang_up()
            worker.end(PATIENCE_SECONDS)
            self._workers.remove(worker)

    def _bury(self, worker: WorkerProcess) -> None:
        worker.connection.close()
        self._workers.remove(worker)
