"""Files that are either there and whole, or not there."""

import ctypes
import errno
import json
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

_HERE: Final = -100  # AT_FDCWD: paths are those of the current folder
_NO_REPLACE: Final = 1  # RENAME_NOREPLACE
_NOT_KNOWN: Final = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)


def write_atomic(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file under a temporary name, make it durable, then give it its name.

    Args:
        path: of the file.
        data: that it will hold.
        durable: whether it and its name must outlast a power failure; without that the
            file may then be gone or empty, which saves waits for the disk.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        keep_names(path.parent)


def write_json(path: Path, data: Any, *, durable: bool = True) -> None:
    """Write JSON that people can read, atomically."""
    text = json.dumps(data, indent=2) + "\n"
    write_atomic(path, text.encode(), durable=durable)


def keep_names(folder: Path) -> None:
    """Make what a folder's files are called outlast a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some file systems of networks know this of files alone.
        if error.errno not in _NOT_KNOWN:
            raise
    finally:
        os.close(descriptor)


def rename_new(source: Path, target: Path) -> None:
    """Give a file or folder a name that nothing has.

    Raises:
        FileExistsError: when something has it, be it an empty folder.
    """
    rename = _renameat2()
    if rename is not None:
        failed = rename(
            _HERE, os.fsencode(source), _HERE, os.fsencode(target), _NO_REPLACE
        )
        code = ctypes.get_errno()
        if not failed:
            return
        if code not in _NOT_KNOWN:
            raise OSError(code, os.strerror(code), str(target))
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    # Where the system cannot promise more, an empty folder that comes now is replaced.
    source.rename(target)


@cache
def _renameat2() -> Callable[..., int] | None:
    if not sys.platform.startswith("linux"):
        return None
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is not None:
        path, number = ctypes.c_char_p, ctypes.c_int
        function.argtypes = [number, path, number, path, ctypes.c_uint]
    return function
