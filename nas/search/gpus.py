"""The GPUs of the machine, asked without touching them: no CUDA in this process."""

import os
from collections.abc import Sequence
from itertools import takewhile


def count_gpus() -> int:
    """Return the number of NVIDIA GPUs that CUDA may see, without touching them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    named = None if visible is None else len(_named(visible))
    if named == 0:
        return 0
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return 0
    try:
        found = int(pynvml.nvmlDeviceGetCount())
    finally:
        pynvml.nvmlShutdown()
    return found if named is None else min(found, named)


def free_gpu_bytes(numbers: Sequence[int]) -> int:
    """Return the free memory of that GPU among some that has the least of it.

    Args:
        numbers: of GPUs, as CUDA counts those that it may see.
    """
    import pynvml

    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = [str(i) for i in range(max(numbers) + 1)]
    if visible is not None:
        names = _named(visible)
    pynvml.nvmlInit()
    try:
        free = []
        for name in (names[number] for number in numbers):
            handle = (
                pynvml.nvmlDeviceGetHandleByIndex(int(name))
                if name.isdigit()
                else pynvml.nvmlDeviceGetHandleByUUID(name)
            )
            free.append(int(pynvml.nvmlDeviceGetMemoryInfo(handle).free))
    finally:
        pynvml.nvmlShutdown()
    return min(free)


def _named(visible: str) -> list[str]:
    """Return the GPUs that a CUDA_VISIBLE_DEVICES names: those before the first -1."""
    names = (name.strip() for name in visible.split(","))
    return list(takewhile(lambda name: name not in ("", "-1"), names))
