"""The lives of ``nas`` processes: started, watched through /proc, and killed. Linux.

What belongs to a life is told by a mark in its environment, which every process that
descends from it inherits, however it was started and whatever group or session it has
moved to.
"""

import fcntl
import os
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Final
from uuid import uuid4

_SERVER: Final = b"multiprocessing.forkserver"
"""In the command line of the process that trainers are forked from, and in theirs."""

_MARK: Final = "NAS_LIFE"
_POLL_SECONDS: Final = 0.002


class Life:
    """A command line of ``nas`` in a process and session of its own.

    A context manager: whatever is left of it is killed in the end.

    Args:
        argv: without the name of the program.
        cwd: the current folder.
        environment: variables to add.
        streams: what the process reads and writes, where it is not to be kept.
    """

    def __init__(
        self,
        argv: Sequence[object],
        cwd: Path,
        environment: Mapping[str, str] | None = None,
        **streams: int,
    ) -> None:
        self.argv = [str(word) for word in argv]
        self._mark = f"{_MARK}={uuid4().hex}"
        self._logs = TemporaryDirectory()
        given = os.environ | {"PYTHONUNBUFFERED": "1", "COLUMNS": "100"}
        given |= dict([self._mark.split("=")]) | dict(environment or {})
        with self._log("out").open("wb") as out, self._log("err").open("wb") as err:
            kept = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": err}
            self._process = subprocess.Popen(
                [sys.executable, "-m", "nas", *self.argv],
                cwd=cwd,
                env=given,
                start_new_session=True,
                preexec_fn=_begin,
                **(kept | streams),
            )

    def __enter__(self) -> "Life":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pid in self.members():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._logs.cleanup()

    @property
    def pid(self) -> int:
        """Of the coordinator."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code; minus the signal that killed it, None while it runs."""
        return self._process.poll()

    @property
    def out(self) -> str:
        """What it has printed so far."""
        return self._log("out").read_text(errors="replace")

    @property
    def err(self) -> str:
        """What it has printed to the other stream so far."""
        return self._log("err").read_text(errors="replace")

    def members(self) -> list[int]:
        """Return all its processes that are alive."""
        mark = self._mark.encode()
        return [pid for pid in _pids() if mark in _read(pid, "environ").split(b"\0")]

    def trainers(self) -> list[int]:
        """Return the processes that train, or are about to."""
        return [pid for pid in self.members() if _is_forked(pid)]

    def until(self, there: Callable[[], object], patience_seconds: float = 60) -> bool:
        """Wait for something to come true; False when the process ended before."""
        end = time.monotonic() + patience_seconds
        while not _holds(there):
            if self.code is not None:
                return _holds(there)
            if time.monotonic() > end:
                raise TimeoutError(f"{self.argv}: {self.out}{self.err}")
            time.sleep(_POLL_SECONDS)
        return True

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the coordinator alone."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """Kill the coordinator with -9, and nothing else."""
        self._process.kill()

    def end(self, patience_seconds: float = 120) -> int:
        """Wait for the coordinator to end; return its exit code."""
        try:
            return self._process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self.argv}: {self.out}{self.err}") from None

    def gone_after_seconds(self, patience_seconds: float) -> float:
        """Return how long the last of its processes lives from now on.

        Raises:
            TimeoutError: longer than the patience.
        """
        start = time.monotonic()
        while self.code is None or self.members():
            if (seconds := time.monotonic() - start) > patience_seconds:
                left = {pid: _read(pid, "cmdline") for pid in self.members()}
                raise TimeoutError(f"{self.argv}: {seconds:.1f} s on there is {left}")
            time.sleep(_POLL_SECONDS)
        return time.monotonic() - start

    def _log(self, name: str) -> Path:
        return Path(self._logs.name) / name


def parent(pid: int) -> int:
    """Return a process's parent, 0 if there is no such process."""
    # The name before it, in parentheses, may hold anything.
    after_name = _read(pid, "stat").rpartition(b")")[2].split()
    return int(after_name[1]) if after_name else 0


def own_bytes(pid: int) -> int | None:
    """Return the memory of a process that no file stands behind, None if it ended."""
    found = re.search(rb"RssAnon:\s+(\d+) kB", _read(pid, "status"))
    return int(found[1]) * 1024 if found else None


def open_files(pid: int) -> int | None:
    """Return how many file descriptors a process has open, None if it ended."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - a Path is slow
    except OSError:
        return None


def _is_forked(pid: int) -> bool:
    return all(_SERVER in _read(each, "cmdline") for each in (pid, parent(pid)))


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208


def _read(pid: int, name: str) -> bytes:
    """Return a file of a process, empty for one that has ended."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _begin() -> None:
    # A shell that starts this in the background has interrupts ignored.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if os.isatty(0):  # from where Ctrl-C is to come
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _holds(there: Callable[[], object]) -> bool:
    """Tell whether something is there, and not that it went while it was looked at."""
    try:
        return bool(there())
    except FileNotFoundError:
        return False
