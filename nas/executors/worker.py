"""The life of a worker process."""

import os
import pickle
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nas.errors import traceback_of
from nas.executors.channel import Channel
from nas.executors.outcome import failed, started
from nas.records import EvalRequest, EvalResult

_STATISTICS: Final = Path("/proc/self/statm")
_OPEN_FILES: Final = Path("/dev/fd")

START_SECONDS: Final = 600.0
"""A worker that takes longer to import, to read its data and to be ready hangs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a worker makes room for a fresh one: a process collects what others leave.

    Args:
        requests: that it serves at most.
        growth_bytes: of its own memory, over what it had after its first request.
        growth_files: of the files it holds open, likewise; fewer where the system
            allows a process fewer than four times as many.
        start_seconds: that it may take until it is ready for its first request.
    """

    requests: int = 250
    growth_bytes: int = 2**30
    growth_files: int = 200
    start_seconds: float = START_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What a worker says once, before all answers: requests take their time now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What a worker says before each answer: it has the request, and works on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A result, and whether the worker ends with it."""

    result: EvalResult
    is_last: bool


def serve(channel: Channel, pickled_start: bytes, limits: Limits) -> None:
    """Answer requests from a channel until its other end closes or a limit is met.

    After a failure that is not the candidate's own, its diverging, the worker ends:
    nobody knows what it left behind.
    """
    evaluate = started(lambda: pickle.loads(pickled_start)())
    at_first: tuple[int, int] | None = None
    is_last = False
    num_served = 0
    try:
        channel.put(pickle.dumps(Ready()))
        while not is_last:
            message = channel.receive()
            assert message is not None, "a socket that does not block"
            request = pickle.loads(message)
            channel.put(pickle.dumps(Begun()))
            result = evaluate(request)
            num_served += 1
            now = own_bytes(), num_open_files()
            at_first = at_first or now
            is_last = (
                num_served >= limits.requests
                or now[0] - at_first[0] > limits.growth_bytes
                or now[1] - at_first[1] > _files_to_spare(limits)
                or (result.status == "failed" and result.reason != "diverged")
            )
            channel.put(_packed(request, result, is_last=is_last))
    except (EOFError, OSError):
        return


def _packed(request: EvalRequest, result: EvalResult, *, is_last: bool) -> bytes:
    try:
        return pickle.dumps(Answer(result=result, is_last=is_last))
    except Exception as error:
        says = f"its result could not be sent: {error!r}"
        lost = failed(request, says, 0.0, "lost", traceback_of(error))
        return pickle.dumps(Answer(result=lost, is_last=is_last))


def own_bytes() -> int:
    """Return the memory of this process that it shares with no file, 0 if unknown."""
    try:
        _, resident, shared, *_ = _STATISTICS.read_text().split()
    except OSError:  # not on Linux
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def num_open_files() -> int:
    """Return how many files and connections this process holds open, 0 if unknown."""
    try:
        return sum(1 for _ in _OPEN_FILES.iterdir())
    except OSError:
        return 0


def _files_to_spare(limits: Limits) -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return limits.growth_files
    return min(limits.growth_files, soft // 4)
