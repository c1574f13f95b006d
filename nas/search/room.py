"""Whether a disk has room for a run, as far as that can be known before it begins."""

import os
import shutil
from pathlib import Path
from typing import Final

from nas.errors import RunError
from nas.search.config import SearchConfig

_RUN_BYTES: Final = 500_000
"""Of the study's database, the report and the configuration."""

_TRIAL_BYTES: Final = 30_000
"""Of a trial's JSON, events and index row, each of which takes whole blocks."""

_WEIGHT_BYTES: Final = 5
"""Of a parameter, and its share of what batch norms keep."""

_STATE_BYTES: Final = 12
"""Of a parameter that may be trained on: its weight, and what the optimizer keeps."""


def check_room(path: Path, config: SearchConfig, num_trials: int) -> str | None:
    """Return a warning if a disk may become full, None if it has room.

    Args:
        path: of the run's folder, which need not be there yet.
        config: of the search.
        num_trials: still to be trained, at most.

    Raises:
        RunError: the disk cannot be written to, or has no room to begin with.
    """
    disk = next(p for p in (path, *path.absolute().parents) if p.exists())
    if not disk.is_dir():
        raise RunError(f"{path}: cannot be made: {disk} is not a folder")
    if not os.access(disk, os.W_OK | os.X_OK):
        raise RunError(
            f"{path}: {disk} cannot be written to; choose another folder, or change "
            "its permissions"
        )
    each = _WEIGHT_BYTES * config.max_params + _TRIAL_BYTES
    if config.halving:
        each += _STATE_BYTES * config.max_params
    free = shutil.disk_usage(disk).free
    least = _RUN_BYTES + each
    if free < least:
        raise RunError(
            f"{path}: its disk has {_shown(free)} free, and a search needs at least "
            f"{_shown(least)}; make room, or choose another folder"
        )
    if config.baseline is not None:
        num_trials *= 2
    most = _RUN_BYTES + each * num_trials
    if free < most:
        return (
            f"the disk of {path} has {_shown(free)} free, and this search may need "
            f"{_shown(most)}; should it become full, the search stops and can be "
            "resumed"
        )
    return None


def _shown(num_bytes: int) -> str:
    for unit in ("bytes", "kB", "MB"):
        if num_bytes < 1000:
            return f"{num_bytes:.0f} {unit}"
        num_bytes //= 1000
    return f"{num_bytes:,} GB"
