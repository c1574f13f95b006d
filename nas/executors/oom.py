"""Whether the kernel has killed processes because memory had run out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

_VMSTAT: Final = Path("/proc/vmstat")
_OWN_GROUPS: Final = Path("/proc/self/cgroup")
_GROUPS: Final = Path("/sys/fs/cgroup")


def num_oom_kills() -> int:
    """Return a number that rises with every process killed for its memory.

    Those of this process's control group are counted, where that can be read, for they
    are all that could be ours; else those of the machine. 0 for ever without either.
    """
    for path in (*_files_of_own_group(), _VMSTAT):
        if (count := _counted(path)) is not None:
            return count
    return 0


def _counted(path: Path) -> int | None:
    """Return the number after "oom_kill" in a file of such lines, None without one."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    pairs = (line.split() for line in lines)
    return next((int(pair[1]) for pair in pairs if pair[:1] == ["oom_kill"]), None)


def _files_of_own_group() -> Iterator[Path]:
    try:
        lines = _OWN_GROUPS.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if not controllers:
            yield _GROUPS / name.lstrip("/") / "memory.events"
        elif "memory" in controllers.split(","):
            yield _GROUPS / "memory" / name.lstrip("/") / "memory.oom_control"
