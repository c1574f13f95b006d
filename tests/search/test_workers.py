import os
from types import SimpleNamespace

import pynvml
import pytest

from nas.errors import ConfigError
from nas.search import workers
from nas.search.devices import check_device
from nas.search.gpus import count_gpus, free_gpu_bytes
from nas.search.workers import packing, places


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
        # GPUs of 10, 11, 12... GiB, all free.
        monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", lambda i: i)
        monkeypatch.setattr(pynvml, "nvmlDeviceGetUUID", "GPU-{}1234".format)
        monkeypatch.setattr(
            pynvml,
            "nvmlDeviceGetMemoryInfo",
            lambda i: SimpleNamespace(free=(10 + i) * 2**30),
        )
        monkeypatch.setattr(workers, "version", lambda _: "2.13.0")
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if visible is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    return make


@pytest.mark.parametrize(
    ("gpus", "device", "devices", "found"),
    [
        (None, "auto", None, ["cpu"]),
        (2, "cpu", None, ["cpu"]),
        (1, "auto", None, ["cuda:0"]),
        (2, "auto", None, ["cuda:0", "cuda:1"]),
        (2, "cuda", None, ["cuda:0", "cuda:1"]),
        (4, "cuda", (3, 1), ["cuda:3", "cuda:1"]),
        (4, "auto", (2,), ["cuda:2"]),
    ],
)
def test_all_gpus_or_those_asked_for(machine, gpus, device, devices, found):
    machine(8, gpus)
    assert places(device, devices) == tuple(found)


def test_a_torch_without_cuda_trains_on_the_cpu(machine, monkeypatch):
    machine(8, 2)
    monkeypatch.setattr(workers, "version", lambda _: "2.13.0+cpu")
    assert places("auto") == ("cpu",)


@pytest.mark.parametrize(
    ("cores", "asked", "on", "trials", "first", "most"),
    [
        (8, None, ["cpu"], 24, 8, 8),
        (8, None, ["cpu"], 3, 3, 3),
        (8, 20, ["cpu"], 3, 20, 20),
        (16, None, ["cuda:0"], 24, 1, 8),
        (16, None, ["cuda:0"], 5, 1, 4),
        (3, None, ["cuda:0"], 24, 1, 2),
        (64, None, ["cuda:0", "cuda:1"], 100, 2, 16),
        (1, None, ["cuda:0", "cuda:1"], 100, 1, 1),
        (64, 3, ["cuda:0", "cuda:1"], 100, 3, 3),
    ],
)
def test_as_many_workers_as_suit(machine, cores, asked, on, trials, first, most):
    machine(cores, 2)
    found = packing(asked, on, trials)
    assert (found.workers, found.most) == (first, most)


@pytest.mark.parametrize(
    ("visible", "numbers", "gib"),
    [
        (None, [0, 1], 10),
        (None, [3], 13),
        ("3,1", [0], 13),
        ("3,1", [0, 1], 11),
        ("GPU-2,GPU-0", [0], 12),
    ],
)
def test_the_memory_of_the_fullest_gpu_counts(machine, visible, numbers, gib):
    machine(8, 4, visible)
    assert free_gpu_bytes(numbers) == gib * 2**30


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
    with pytest.raises(ConfigError, match="numbers of GPUs; there are none; got 0"):
        check_device("auto", (0,))
    machine(8, 2)
    check_device("cuda")
    check_device("cuda", (1, 0))
    with pytest.raises(ConfigError, match="there are 0 to 1; got 2"):
        check_device("auto", (0, 2))
