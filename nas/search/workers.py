"""How many trainings a machine takes at once."""

import os
from itertools import takewhile

from nas.errors import ConfigError


def auto_workers(device: str, trials: int) -> int:
    """Return as many workers as there are cores for this process, but no idle ones.

    A worker computes on one thread, because small networks gain nothing from more.

    Args:
        device: what the workers train on.
        trials: candidates to train.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    gpus = 0 if device == "cpu" else count_gpus()
    # Each worker holds a context of some hundred MB on the GPU.
    return max(1, min(trials, cores, 4 * gpus if gpus else cores))


def check_device(device: str) -> None:
    """Refuse a GPU where there is none.

    Raises:
        ConfigError: for "cuda" on such a machine.
    """
    if device == "cuda" and not count_gpus():
        raise ConfigError("device 'cuda' needs an NVIDIA GPU; found none; use cpu")


def count_gpus() -> int:
    """Return the number of NVIDIA GPUs that CUDA may see, without touching them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    named = None if visible is None else _num_named(visible)
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


def _num_named(visible: str) -> int:
    """Return how many GPUs a CUDA_VISIBLE_DEVICES names: those before the first -1."""
    names = (name.strip() for name in visible.split(","))
    return sum(1 for _ in takewhile(lambda name: name not in ("", "-1"), names))
