"""One owner a run folder: a lock that ends with its process, however that ends."""

import errno
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from nas.errors import RunError

LOCK: Final = ".lock"

_NO_LOCKS: Final = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)
_NOTE_BYTES: Final = 4096


@contextmanager
def owned(folder: Path, called: Path | None = None) -> Iterator[None]:
    """Hold the lock of a run's folder.

    The system's lock alone decides who the owner is. What the file says about them is
    for people, and may be old.

    Args:
        folder: of the run.
        called: what errors call it, if that is another name.

    Raises:
        RunError: when another process holds it, or there can be no lock.
    """
    called = called or folder
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except IsADirectoryError:
        raise RunError(
            f"{called / LOCK} is a folder where a run has the file of its lock; remove "
            "it"
        ) from None
    except OSError as error:
        raise RunError(
            f"{called}: cannot be written: {error.strerror}; a run must be where it "
            "can be, to go on"
        ) from None
    try:
        _lock(called, descriptor)
        _write_note(descriptor)
        yield
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def is_owned(folder: Path) -> bool:
    """Return whether a process works on the run in a folder; changes nothing.

    Owners leave a note while they work. Only where there is one is the lock tried, for
    a moment: nobody is turned away who begins just then.
    """
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        if not os.pread(descriptor, 1, 0):
            return False
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # there are no locks, and the note is all there is
        return bool(_owner(descriptor))
    finally:
        os.close(descriptor)
    return False


def _lock(called: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RunError(
            f"another process works on the run {called}{_owner(descriptor)}; "
            "wait for it to end, or stop it"
        ) from None
    except OSError as error:
        why = "it has no locks" if error.errno in _NO_LOCKS else error.strerror
        raise RunError(
            f"{called}: the file system cannot promise that no other process works on "
            f"the run: {why}; copy the run to a local disk"
        ) from None


def _write_note(descriptor: int) -> None:
    note = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now().astimezone().isoformat(timespec="seconds"),
    }
    with suppress(OSError):  # on a full disk the lock is as good without
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(note).encode(), 0)


def _owner(descriptor: int) -> str:
    """Return what the owner has told, '' when that is nothing."""
    try:
        note = json.loads(os.pread(descriptor, _NOTE_BYTES, 0))
        pid, host, since = int(note["pid"]), str(note["host"]), str(note["since"])
        began = datetime.fromisoformat(since)
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        return ""
    here = host == socket.gethostname()
    if here and not _lives(pid):  # of an owner before, and the new one is just writing
        return ""
    elsewhere = "" if here else f" on {host[:64]}"
    return f": PID {pid}{elsewhere}, since {began:%Y-%m-%d %H:%M:%S}"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:  # of another user
        return True
    except OSError:
        return False
    return True
