import os

import pynvml
import pytest

from nas.errors import ConfigError
from nas.search.workers import auto_workers, check_device, count_gpus


@pytest.fixture
def machine(monkeypatch):
    """Return a function that gives this machine so many cores and GPUs."""

    def make(cores: int, gpus: int | None, visible: str | None = None) -> None:
        def start() -> None:
            if gpus is None:
                raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

        monkeypatch.setattr(
            os, "sched_getaffinity", lambda _: set(range(cores)), raising=False
        )
        monkeypatch.setattr(pynvml, "nvmlInit", start)
        monkeypatch.setattr(pynvml, "nvmlDeviceGetCount", lambda: gpus)
        monkeypatch.setattr(pynvml, "nvmlShutdown", lambda: None)
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if visible is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    return make


@pytest.mark.parametrize(
    ("cores", "gpus", "device", "trials", "workers"),
    [
        (8, None, "auto", 24, 8),
        (8, None, "cpu", 3, 3),
        (1, None, "auto", 24, 1),
        (16, 1, "auto", 24, 4),
        (16, 1, "cuda", 2, 2),
        (3, 1, "cuda", 24, 3),
        (64, 8, "auto", 100, 32),
        (64, 8, "cpu", 100, 64),
    ],
)
def test_as_many_workers_as_suit(machine, cores, gpus, device, trials, workers):
    machine(cores, gpus)
    assert auto_workers(device, trials) == workers


@pytest.mark.parametrize(
    ("visible", "count"),
    [
        (None, 4),
        ("", 0),
        ("-1", 0),
        ("0", 1),
        ("2,3", 2),
        ("1, -1, 2", 1),
        ("0,1,2,3,4", 4),
    ],
)
def test_only_visible_gpus_count(machine, visible, count):
    machine(8, 4, visible)
    assert count_gpus() == count


def test_a_gpu_is_refused_where_there_is_none(machine):
    machine(8, None)
    check_device("auto")
    check_device("cpu")
    with pytest.raises(ConfigError, match="'cuda' needs an NVIDIA GPU; found none"):
        check_device("cuda")
    machine(8, 1)
    check_device("cuda")
