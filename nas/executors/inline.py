"""An executor that evaluates in this very process, one request after another."""

from collections import deque
from collections.abc import Callable
from typing import Any, final

from nas.executors.base import Evaluate, Executor, Start, T
from nas.executors.outcome import started
from nas.records import EvalRequest, EvalResult


@final
class InlineExecutor(Executor):
    """Evaluates one request in each ``wait``, whatever time-out that has.

    An interrupt (Ctrl-C) reaches the evaluation, which is then given up; its request
    is evaluated again by the next ``wait``. Nobody can end an evaluation that hangs in
    the process that would have to: the limits of requests are not kept here, and what
    kills an evaluation kills this process.
    """

    def __init__(self, start: Start) -> None:
        self._start = start
        self._evaluate: Evaluate | None = None
        self._queue: deque[EvalRequest] = deque()

    @property
    def capacity(self) -> int:
        """One."""
        return 1

    def submit(self, request: EvalRequest) -> None:
        """Queue a request."""
        self._queue.append(request)

    def limit(self, trial: int, timeout_seconds: float | None) -> None:
        """Do nothing: nobody could end a request of this very process."""

    def wait(self, timeout_seconds: float | None) -> list[EvalResult]:  # noqa: ARG002
        """Evaluate the oldest request and return its result, or nothing without one."""
        if not self._queue:
            return []
        if self._evaluate is None:
            self._evaluate = started(self._start)
        result = self._evaluate(self._queue[0])
        self._queue.popleft()
        return [result]

    def exclusively(
        self,
        function: Callable[..., T],
        *given: Any,
        timeout_seconds: float,  # noqa: ARG002
    ) -> T:
        """Call a function in this process, between two evaluations."""
        return function(*given)

    def close(self) -> None:
        """Forget what has not been evaluated."""
        self._queue.clear()
