"""What is left of processes, found by a mark in their environment."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Listener
from pathlib import Path
from typing import Any

MARK = "NAS_TEST_MARK"


class Marked:
    """A process, and all that it starts and they start."""

    def __init__(self, *arguments: object, cwd: Path) -> None:
        self._mark = f"{MARK}={uuid.uuid4().hex}"
        name, _, value = self._mark.partition("=")
        paths = os.pathsep.join([str(cwd), *filter(None, sys.path)])
        self.process = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=cwd,
            env=os.environ | {name: value, "PYTHONPATH": paths},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def alive(self) -> dict[int, str]:
        """Return the command lines of all that live, by their ids."""
        found = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal() and not is_gone(int(folder.name)):
                try:
                    variables = (folder / "environ").read_bytes().split(b"\0")
                    if self._mark.encode() in variables:
                        command = (folder / "cmdline").read_bytes()
                        found[int(folder.name)] = command.replace(b"\0", b" ").decode()
                except OSError:  # gone meanwhile
                    continue
        return found

    def await_end(self, seconds: float) -> dict[int, str]:
        """Return what is still alive after so many seconds, at once if nothing is."""
        until = time.monotonic() + seconds
        while (left := self.alive()) and time.monotonic() < until:
            time.sleep(0.02)
        return left


@contextmanager
def marked(*arguments: object, cwd: Path) -> Iterator[Marked]:
    """Run Python with arguments; in the end nothing of it is left, whatever happens."""
    found = Marked(*arguments, cwd=cwd)
    try:
        yield found
    finally:
        while left := found.alive():
            for pid in left:
                kill(pid)
        found.process.communicate()


def is_gone(pid: int) -> bool:
    """Return whether a process has ended, waited for or not."""
    try:
        return state_of(pid) in "ZX"
    except OSError:
        return True


def await_stop(pid: int) -> None:
    while state_of(pid) != "T":
        time.sleep(0.01)


def state_of(pid: int) -> str:
    """Return a letter: R running, S sleeping, T stopped."""
    return _status(pid)[0]


def parent_of(pid: int) -> int:
    return int(_status(pid)[1])


def children_of(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and not is_gone(int(folder.name)):
            with suppress(OSError):  # gone meanwhile
                if parent_of(int(folder.name)) == pid:
                    found.append(int(folder.name))
    return found


def _status(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def all_gone(pids: list[int], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if all(map(is_gone, pids)):
            return True
        time.sleep(0.02)
    return False


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def heard(listener: Listener) -> Any:
    """Return what the next one to call says."""
    with listener.accept() as connection:
        return connection.recv()
