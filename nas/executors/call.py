"""One call in a process of its own."""

import pickle
from collections.abc import Callable
from selectors import DefaultSelector
from time import monotonic
from typing import Any

from nas.executors.channel import Channel
from nas.executors.process import PATIENCE_SECONDS, ForkedProcess
from nas.executors.server import ForkServer
from nas.executors.worker import START_SECONDS


def call(
    server: ForkServer,
    function: Callable[..., Any],
    *given: Any,
    timeout_seconds: float = START_SECONDS,
) -> Any:
    """Return what a function returns in a process of its own.

    The process is gone when this returns, for whatever reason, and so is what it has
    started.

    Args:
        server: whose imports the process finds done.
        function: of a module; it and all that goes in or out can be pickled.
        given: to the function.
        timeout_seconds: for all of it, imports included.

    Raises:
        ChildProcessError: the process ended without an answer, or gave none in time.
    """
    until = monotonic() + timeout_seconds
    process = ForkedProcess(server, _answer, function, given)
    try:
        while (left := until - monotonic()) > 0:
            with DefaultSelector() as selector:
                process.register(selector)
                selector.select(left)
            has_ended = process.has_ended()
            try:
                answer = process.channel.receive()
            except (EOFError, OSError):
                answer, has_ended = None, True
            if answer is not None:
                return pickle.loads(answer)
            if has_ended:
                raise ChildProcessError(process.cause_of_death())
        raise ChildProcessError(f"it took longer than {timeout_seconds:g} s")
    finally:
        process.end(PATIENCE_SECONDS)


def _answer(
    channel: Channel, function: Callable[..., Any], given: tuple[Any, ...]
) -> None:
    channel.put(pickle.dumps(function(*given)))
