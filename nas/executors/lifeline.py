"""Processes that the kernel ends when the one they work for is gone.

That one holds a pipe open for as long as it lives. The others have asked the kernel for
a signal once it is closed: SIGKILL, to the whole process group of whoever asked. Linux
delivers it whatever state a process is in: busy in C code, stopped, still importing.
Where the kernel does not know such a request, `end_with_parent` is what is left.
"""

import fcntl
import os
import signal
import sys
from contextlib import suppress
from functools import cache
from multiprocessing import parent_process


def lifeline() -> str:
    """Return the path of a pipe that is closed when this process ends."""
    return _pipe_of(os.getpid())


@cache
def _pipe_of(pid: int) -> str:
    # A pipe that was inherited by a fork would say the wrong thing: one a process.
    reading_end, writing_end = os.pipe()
    os.close(reading_end)
    return f"/proc/{pid}/fd/{writing_end}"


def lead_group(path: str) -> None:
    """Make this process lead a session, and have it end with the holder of a pipe.

    With it ends every process it starts, but for those that lead groups of their own.
    One that leads a group already is left as it is.

    Args:
        path: what `lifeline` returned to the holder.
    """
    if os.getpgrp() == os.getpid():
        return
    os.setsid()
    if sys.platform != "linux":
        return
    try:
        # Opened anew, not inherited: a request to the kernel goes with the opening.
        reading_end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        if os.path.exists("/proc/self"):  # noqa: PTH110
            os._exit(1)  # the holder ended before this process came so far
        return
    except OSError:
        return
    with suppress(OSError):
        fcntl.fcntl(reading_end, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(reading_end, fcntl.F_SETSIG, signal.SIGKILL)
        flags = fcntl.fcntl(reading_end, fcntl.F_GETFL)
        fcntl.fcntl(reading_end, fcntl.F_SETFL, flags | os.O_ASYNC)
        with suppress(BlockingIOError):  # it is open
            if not os.read(reading_end, 1):
                os._exit(1)


def end_with_parent() -> None:
    """Wait until the process that had this one started ends, then end its group."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os.killpg(os.getpgrp(), signal.SIGKILL)
