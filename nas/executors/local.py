"""An executor with worker processes on this machine."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.reduction import ForkingPickler
from selectors import DefaultSelector
from time import monotonic
from typing import Any, Final, final

from nas.executors.base import Executor, Start, T
from nas.executors.call import call
from nas.executors.packing import Packing
from nas.executors.process import PATIENCE_SECONDS
from nas.executors.server import start_server
from nas.executors.watched import WatchedWorker
from nas.executors.worker import Limits
from nas.records import EvalRequest, EvalResult

_LONGEST_SLEEP_SECONDS: Final = 3600.0
"""Less than what a selector refuses, which is 25 days; a wait begins anew after it."""


@final
class LocalExecutor(Executor):
    """Evaluates in persistent processes, which start while the caller goes on.

    A process that dies costs the request it was working on, nothing else; another one
    takes its place when it is needed, as for one that has met its limits. So does one
    that takes longer for a request than that may take: it hangs, and is killed once
    ``wait`` sees it. The processes compute on one thread each, ignore Ctrl-C, and end
    with the process that made the executor; whatever they have started ends with them.

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
        self._server = start_server(preload)
        self._queue: deque[EvalRequest] = deque()
        self._alone: deque[EvalRequest] = deque()
        self._reserved: int | None = None
        self._finished: list[EvalResult] = []
        self._workers: list[WatchedWorker] = []
        for place in range(self.capacity):
            self._new_worker(place % len(self._starts))

    @property
    def capacity(self) -> int:
        """The number of processes that there should be for now."""
        return self._packing.workers

    def submit(self, request: EvalRequest) -> None:
        """Queue a request, and hand it to a free process if there is one."""
        self._queue_of(request).append(request)
        self._hand_out()

    def limit(self, trial: int, timeout_seconds: float | None) -> None:
        """Give a request that waits or is evaluated another limit of time."""
        for queue in (self._queue, self._alone):
            for place, request in enumerate(queue):
                if request.trial == trial:
                    queue[place] = replace(request, timeout_seconds=timeout_seconds)
        for worker in self._running():
            if worker.request is not None and worker.request.trial == trial:
                worker.limit(timeout_seconds)

    def wait(self, timeout_seconds: float | None) -> list[EvalResult]:
        """Wait for processes to finish, to die or to hang."""
        until = None if timeout_seconds is None else monotonic() + timeout_seconds
        while True:
            self._collect()
            self._hand_out()
            is_done = self._finished or not self._has_requests()
            if is_done or (until is not None and monotonic() >= until):
                break
            self._sleep(until)
        finished, self._finished = self._finished, []
        return finished

    def exclusively(
        self,
        function: Callable[..., T],
        *given: Any,
        timeout_seconds: float,
    ) -> T:
        """Call a function in a process of its own, all others stopped by the system."""
        try:
            for worker in self._workers:
                worker.pause()
            self._collect()  # what came before counts nothing of this
            found: T = call(
                self._server, function, *given, timeout_seconds=timeout_seconds
            )
            return found
        finally:
            for worker in self._workers:
                worker.go_on()

    def close(self) -> None:
        """End all processes, busy or not."""
        self._queue.clear()
        self._alone.clear()
        for worker in self._workers:
            worker.kill()
        until = monotonic() + PATIENCE_SECONDS
        for worker in self._workers:
            worker.end(max(0.0, until - monotonic()))
        self._workers.clear()

    def _new_worker(self, device: int) -> WatchedWorker:
        start = self._starts[device]
        worker = WatchedWorker(self._server, start, self._limits, device)
        self._workers.append(worker)
        return worker

    def _running(self) -> list[WatchedWorker]:
        return [worker for worker in self._workers if worker.request is not None]

    def _has_requests(self) -> bool:
        return bool(self._queue or self._alone or self._running())

    def _queue_of(self, request: EvalRequest) -> deque[EvalRequest]:
        return self._alone if request.alone else self._queue

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
        return sum(worker.device == device for worker in self._running())

    def _open_device(self) -> int | None:
        """Return where there is room for another request, None if nowhere."""
        if len(self._running()) >= self.capacity:
            return None
        each = -(-self.capacity // len(self._starts))
        devices = set(range(len(self._starts))) - {self._reserved}
        open_ones = [device for device in devices if self._busy(device) < each]
        return min(open_ones, key=self._busy, default=None)

    def _send(self, request: EvalRequest, device: int) -> None:
        self._free_worker(device).give(request)

    def _free_worker(self, device: int) -> WatchedWorker:
        for worker in list(self._workers):
            if worker.device == device and worker.request is None:
                worker.take()  # has nothing to say but that it has died meanwhile
                if not worker.is_over:
                    return worker
                self._bury(worker)
        return self._new_worker(device)

    def _sleep(self, until: float | None) -> None:
        """Wait until a process has something to say or is out of time."""
        ends = [until, *(worker.deadline for worker in self._workers)]
        soonest = min((end for end in ends if end is not None), default=None)
        left = None
        if soonest is not None:
            left = min(max(0.0, soonest - monotonic()), _LONGEST_SLEEP_SECONDS)
        with DefaultSelector() as selector:
            for worker in self._workers:
                worker.register(selector)
            selector.select(left)

    def _collect(self) -> None:
        """Take in what processes have to say by now."""
        full = len(self._running()) >= self.capacity
        for worker in list(self._workers):
            request = worker.request
            result = worker.take()
            if worker.is_over:
                self._bury(worker)
                if worker.request is not None:
                    self._queue_of(worker.request).appendleft(worker.request)
            if result is None:
                continue
            assert request is not None
            self._finished.append(result)
            if request.alone and not self._alone:
                self._reserved = None
            if result.status != "failed":
                work = self._work(request)
                self._packing.finished(work, monotonic(), full=full)
        self._dismiss()

    def _dismiss(self) -> None:
        """End processes with nothing to do that are more than there should be."""
        idle = [worker for worker in self._workers if worker.request is None]
        surplus = len(self._workers) - self.capacity
        for worker in idle[: max(0, surplus)]:
            self._bury(worker)

    def _bury(self, worker: WatchedWorker) -> None:
        worker.end(PATIENCE_SECONDS)
        self._workers.remove(worker)
