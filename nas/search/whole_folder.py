"""A run's folder made under another name, so that it appears whole or not at all."""

import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from nas.errors import RunError
from nas.search.files import keep_names, rename_new
from nas.search.lock import owned

_UNFINISHED: Final = ".run.tmp"
_SECONDS_TO_LOCK: Final = 60
"""A folder that is being made is locked by then; it was not when it was born."""


def make_whole(path: Path, fill: Callable[[Path], None]) -> None:
    """Make a folder for a run.

    Args:
        path: where; the folders above it are made, too.
        fill: puts everything into the folder, which has another name meanwhile.

    Raises:
        FileExistsError: when something is there, even if it came meanwhile.
        RunError: when the folder cannot be made, or not be locked.
    """
    unfinished = path.with_name(f".{secrets.token_hex(4)}{_UNFINISHED}")
    new = [folder for folder in path.parents if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.mkdir()
    except FileExistsError as error:
        # Something above it exists, and is no folder.
        raise RunError(
            f"{path}: cannot be made: {error.filename} is not a folder"
        ) from None
    except OSError as error:
        raise RunError(f"{path}: cannot be made: {error.strerror}") from None
    try:
        # Who tidies up sees by the lock that this one is being made.
        with owned(unfinished, called=path):
            fill(unfinished)
            keep_names(unfinished)
            rename_new(unfinished, path)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    for folder in (path, *new):
        keep_names(folder.parent)
    _tidy(path.parent)


def _tidy(folder: Path) -> None:
    """Remove folders that were never completed, as nobody makes them any more."""
    long_ago = time.time() - _SECONDS_TO_LOCK
    for path in folder.glob(f".*{_UNFINISHED}"):
        with suppress(OSError, RunError):
            if path.stat().st_mtime < long_ago:
                with owned(path):
                    shutil.rmtree(path)
