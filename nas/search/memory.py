"""How much of a machine's memory a search may fill with images."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from nas.search.gpus import count_gpus, gpu_bytes

CPU_SHARE: Final = 1 / 4
"""Of the main memory, for all workers together: they share the pages of a file."""

GPU_SHARE: Final = 1 / 8
"""Of a GPU's memory, for each of the workers on it, of which there may be four."""

UNKNOWN: Final = 4 * 2**30
"""What a machine is taken to have when it does not tell."""

CGROUPS: Final = Path("/sys/fs/cgroup")
MEMBERSHIPS: Final = Path("/proc/self/cgroup")


def default_data_memory(device: str) -> int:
    """Return how many bytes of images a worker holds at most on a device.

    A share of all the memory there is, not of what is free right now: data are either
    held or streamed, which shuffles them differently, and the same search must do the
    same tomorrow.

    Args:
        device: "auto" (a GPU where there is one), "cpu" or "cuda".
    """
    if device != "cpu" and count_gpus():
        return int(gpu_bytes() * GPU_SHARE)
    return int(main_memory_bytes() * CPU_SHARE)


def main_memory_bytes() -> int:
    """Return the memory of the machine, or of the container this process is in."""
    return min([*_cgroup_limits(), _physical_bytes()])


def _physical_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return UNKNOWN


def _cgroup_limits() -> Iterator[int]:
    """Yield the limits of the control groups that this process is in."""
    try:
        lines = MEMBERSHIPS.read_text().splitlines()
    except OSError:  # not on Linux
        return
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if not controllers:  # version 2
            root, name = CGROUPS, "memory.max"
        elif "memory" in controllers.split(","):
            root, name = CGROUPS / "memory", "memory.limit_in_bytes"
        else:
            continue
        path = Path(group.strip("/"))
        for folder in (path, *path.parents):
            try:
                text = (root / folder / name).read_text().strip()
            except OSError:  # a container may see its own root only
                continue
            if text.isdigit():  # and not "max"
                yield int(text)
