"""The life of a worker process."""

import os
import pickle
import signal
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Final

from nas.executors.outcome import started
from nas.records import EvalResult

_STATISTICS: Final = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a worker makes room for a fresh one: a process collects what others leave.

    Args:
        requests: that it serves at most.
        growth_bytes: of its own memory, over what it had after its first request.
    """

    requests: int = 250
    growth_bytes: int = 2**30


Answer = tuple[EvalResult, bool]
"""A result, and whether the worker ends with it."""


def serve(connection: Connection, pickled_start: bytes, limits: Limits) -> None:
    """Answer requests from a connection until its other end closes or a limit is met.

    After a failure that is not the candidate's own, its diverging, the worker ends:
    nobody knows what it left behind. An interrupt is the coordinator's business; its
    death ends the worker at once, also in the middle of an evaluation.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_exit_with_parent, daemon=True).start()
    evaluate = started(lambda: pickle.loads(pickled_start)())
    first_bytes = None
    leaving = False
    num_served = 0
    while not leaving:
        try:
            result = evaluate(connection.recv())
            num_served += 1
            now_bytes = own_bytes()
            first_bytes = now_bytes if first_bytes is None else first_bytes
            leaving = (
                num_served >= limits.requests
                or now_bytes - first_bytes > limits.growth_bytes
                or (result.status == "failed" and result.reason != "diverged")
            )
            connection.send((result, leaving))
        except (EOFError, OSError):
            return


def own_bytes() -> int:
    """Return the memory of this process that it shares with no file, 0 if unknown."""
    try:
        _, resident, shared, *_ = _STATISTICS.read_text().split()
    except OSError:  # not on Linux
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def _exit_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
