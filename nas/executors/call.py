"""One call in a process of its own."""

from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from typing import Any


def call(context: ForkServerContext, function: Callable[..., Any], *given: Any) -> Any:
    """Return what a function returns in a process forked from the context's server.

    Args:
        context: from `start_server`, whose imports the process finds done.
        function: of a module; it and all that goes in or out can be pickled.
        given: to the function.

    Raises:
        ChildProcessError: the process ended without an answer.
    """
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(
        target=_answer, args=(theirs, function, given), daemon=True
    )
    with ours:
        try:
            process.start()
        finally:
            theirs.close()
        try:
            return ours.recv()
        except EOFError:
            process.join()
            raise ChildProcessError(
                f"{function!r} ended with exit code {process.exitcode}"
            ) from None
        finally:
            process.join()


def _answer(
    connection: Connection, function: Callable[..., Any], given: tuple[Any, ...]
) -> None:
    connection.send(function(*given))
