"""Where candidates are trained, and how many at once."""

import os
from collections.abc import Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from nas.executors import Packing
from nas.search.gpus import count_gpus, free_gpu_bytes

PER_GPU: Final = (1, 2, 4, 8)
"""Trainings at once on a GPU that are tried; each holds some hundred MB of it."""


def places(device: str, devices: Sequence[int] | None = None) -> tuple[str, ...]:
    """Return the names of the devices to train on, as PyTorch knows them.

    Args:
        device: "auto" (all GPUs, or the CPU where there is none), "cpu" or "cuda".
        devices: the numbers of the GPUs to use; None is all of them.
    """
    numbers = range(count_gpus()) if devices is None else devices
    if (
        device == "cpu"
        or not numbers
        or (device == "auto" and not devices and built_for_cpu())
    ):
        return ("cpu",)
    return tuple(f"cuda:{number}" for number in numbers)


def packing(workers: int | None, on: Sequence[str], trials: int) -> Packing:
    """Return what decides on the number of trainings at once.

    On a CPU it is that of the cores for this process: a worker computes on one thread,
    because small networks gain nothing from more. How many a GPU takes is found out,
    from one on each GPU upwards.

    Args:
        workers: as many as the user wants; None for what suits the machine.
        on: the devices, from ``places``.
        trials: candidates to train; more workers would have nothing to do.
    """
    if workers is not None:
        return Packing([workers])
    most = max(1, min(trials, num_cores()))
    if "cpu" in on:
        return Packing([most])
    levels = [count * len(on) for count in PER_GPU if count * len(on) <= most]
    gpus = [int(name.removeprefix("cuda:")) for name in on]
    return Packing(levels or [most], partial(free_gpu_bytes, gpus))


def num_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def built_for_cpu() -> bool:
    """Return whether PyTorch was built without CUDA; asking itself takes a second."""
    return torch_version().endswith("+cpu")


def torch_version() -> str:
    """Return the version of PyTorch, without importing it."""
    try:
        return version("torch")
    except PackageNotFoundError:  # vendored or path-installed
        return "unknown"
