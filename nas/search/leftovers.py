"""Files that were being written when their process was killed."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from nas.search.run import RunFolder

_HALF_WRITTEN: Final = re.compile(
    r"\..+\.\d+\.tmp|\.study\.db\.\d+(-wal|-shm|-journal)?"
    r"|(weights|paused)\.safetensors\.part"
)
_HALF_DRAWN: Final = re.compile(r"\..+\.(\d+)")
"""The same in the report's folder, where processes write that do not own the run."""


def remove_half_written(run: RunFolder) -> int:
    """Remove what processes that ended left behind in a run, which is owned.

    Returns:
        How many files there were.
    """
    removed = 0
    for path in _files(run):
        drawn = path.parent == run.report_path and _HALF_DRAWN.fullmatch(path.name)
        if _HALF_WRITTEN.fullmatch(path.name) or (drawn and not _is_alive(drawn[1])):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _files(run: RunFolder) -> Iterator[Path]:
    """Yield the files in a run's own folders, and in none that a link leads to."""
    folders = [run.path, run.report_path, run.plugins_path]
    if run.trials_path.is_dir():
        folders += map(run.trial_path, run.trial_numbers())
    # By protocol, contender and seed, and ablations by their trial before.
    for pattern in ("retrain/*/*/**/", "ablate/*/*/*/**/"):
        folders += (path for path in run.path.glob(pattern) if path.is_dir())
    for folder in folders:
        yield from _files_in(folder)


def _files_in(folder: Path) -> Iterator[Path]:
    """Yield a folder's files, and those of the repeats in it."""
    if folder.is_symlink():
        return
    # Not by way of paths, which take long for thousands of trials.
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir():
                yield folder / entry.name
            elif entry.name == "repeats" and not entry.is_symlink():
                for repeat in Path(entry).iterdir():
                    yield from _files_in(repeat)


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # somebody else's
        return True
    return True
