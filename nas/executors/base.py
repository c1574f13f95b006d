"""The interface of all executors."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from nas.records import EvalRequest, EvalResult

T = TypeVar("T")
Evaluate = Callable[[EvalRequest], EvalResult]
Start = Callable[[], Evaluate]


class Executor(ABC):
    """Runs evaluations, several at a time where it can.

    Every executor is given a ``start``: a function that can be pickled, called once in
    each worker, whose result evaluates one request after another there. For every
    request submitted there comes exactly one result, in any order; whatever happens to
    an evaluation, up to the death of its worker, is a result with status "failed". So
    is one that takes longer than its ``timeout_seconds``, from when a worker that has
    started is given it, where evaluations have processes of their own.

    Used from one thread. As a context manager it closes itself.
    """

    @property
    @abstractmethod
    def capacity(self) -> int:
        """How many requests are evaluated at the same time.

        May have changed whenever ``wait`` returns.
        """

    @abstractmethod
    def submit(self, request: EvalRequest) -> None:
        """Queue a request and return at once.

        May be called at any time before ``close``, also with more requests than there
        is capacity: those wait for their turn, in the order they came. One that is to
        be alone comes before all others that wait, and only they wait for it.
        """

    @abstractmethod
    def limit(self, trial: int, timeout_seconds: float | None) -> None:
        """Give a request another limit of time, which counts from its beginning.

        For those whose limit was set before there was anything to go by. Does nothing
        where requests have no processes of their own, or there is none of this trial.
        """

    @abstractmethod
    def wait(self, timeout_seconds: float | None) -> list[EvalResult]:
        """Return the results that came in since the last call, at least one.

        Empty only when none came in time, or when nothing is left to wait for. May be
        called at any time before ``close``; an interrupted call loses no result.

        Args:
            timeout_seconds: how long to wait for the first result; None is for ever.
        """

    @abstractmethod
    def exclusively(
        self,
        function: Callable[..., T],
        *given: Any,
        timeout_seconds: float,
    ) -> T:
        """Return what a function returns that runs while no evaluation does.

        Evaluations that are under way stand still meanwhile, and so do their clocks:
        neither their limits of time nor the seconds in their results count it. May be
        called at any time before ``close``. The function has a process to itself where
        evaluations have.

        Args:
            function: of a module; it and all that goes in or out can be pickled.
            given: to the function.
            timeout_seconds: for all of it, where it has a process to itself.

        Raises:
            ChildProcessError: the process ended without an answer, or gave none in
                time; evaluations go on as if nothing had been.
        """

    @abstractmethod
    def close(self) -> None:
        """Stop within seconds, and give up what has not finished.

        May be called at any time and more than once; nothing may be called after it.
        """

    def __enter__(self) -> "Executor":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
