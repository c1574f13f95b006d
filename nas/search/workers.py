"""How many trainings a machine takes at once."""

import os


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


def count_gpus() -> int:
    """Return the number of NVIDIA GPUs, without touching any of them."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return 0
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return 0
    try:
        return int(pynvml.nvmlDeviceGetCount())
    finally:
        pynvml.nvmlShutdown()
