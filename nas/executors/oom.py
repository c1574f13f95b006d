"""Whether the kernel has killed processes because memory had run out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

_VMSTAT: Final = Path("/proc/vmstat")
_OWN_GROUPS: Final = Path("/proc/self/cgroup")
_GROUPS: Final = Path("/sys/fs/cgroup")


def num_oom_kills() -> int:
    """Return a number that rises with every process killed for its memory.

    It counts those of the machine and those of this process's control group, whichever
    can be read; 0 for ever where neither can.
    """
    return sum(map(_counted, (_VMSTAT, *_files_of_own_group())))


def _counted(path: Path) -> int:
    """Return the number after "oom_kill" in a file of such lines, 0 without one."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return 0
    pairs = (line.split() for line in lines)
    return sum(int(pair[1]) for pair in pairs if pair[:1] == ["oom_kill"])


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
