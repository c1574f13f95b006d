"""The GPUs of the machine, asked without touching them: no CUDA in this process."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

PCI: Final = Path("/sys/bus/pci/devices")
_NVIDIA: Final = "0x10de"
_DISPLAY: Final = "0x03"
"""How Linux's class of a device begins that is made for pictures, or for numbers."""


@dataclass(frozen=True, slots=True)
class Gpus:
    """How many NVIDIA GPUs CUDA may see; ``lack`` says why not those that are there."""

    count: int
    lack: str | None = None


def find_gpus(pci: Path = PCI) -> Gpus:
    """Return the GPUs that CUDA may see.

    Args:
        pci: where Linux lists what is plugged in.
    """
    try:
        with _nvml() as nvml:
            there = int(nvml.nvmlDeviceGetCount())
            seen = len(_visible(nvml, there))
    except Exception as error:  # whatever the library or a broken install comes up with
        return Gpus(0, _why_not(error, pci))
    if there and not seen:
        value = os.environ["CUDA_VISIBLE_DEVICES"]
        hidden = "the machine's GPU" if there == 1 else f"the machine's {there} GPUs"
        return Gpus(0, f"CUDA_VISIBLE_DEVICES={value!r} hides {hidden}")
    return Gpus(seen)


def count_gpus() -> int:
    """Return the number of NVIDIA GPUs that CUDA may see, without touching them."""
    return find_gpus().count


def free_gpu_bytes(numbers: Sequence[int]) -> int:
    """Return the free memory of that GPU among some that has the least of it.

    Args:
        numbers: of GPUs, as CUDA counts those that it may see.
    """
    return min(int(memory.free) for memory in _memories(numbers))


def gpu_bytes() -> int:
    """Return the memory of the smallest GPU that CUDA may see."""
    return min(int(memory.total) for memory in _memories(range(count_gpus())))


def _memories(numbers: Sequence[int]) -> list[Any]:
    with _nvml() as nvml:
        handles = _visible(nvml, int(nvml.nvmlDeviceGetCount()))
        return [nvml.nvmlDeviceGetMemoryInfo(handles[number]) for number in numbers]


@contextmanager
def _nvml() -> Iterator[Any]:
    import pynvml

    pynvml.nvmlInit()
    try:
        yield pynvml
    finally:
        pynvml.nvmlShutdown()


def _visible(nvml: Any, there: int) -> list[Any]:
    """Return the handles of the GPUs that CUDA may see, in its order."""
    handles = [nvml.nvmlDeviceGetHandleByIndex(number) for number in range(there)]
    value = os.environ.get("CUDA_VISIBLE_DEVICES")
    if value is None:
        return handles
    # CUDA goes by the names before the first that is none of a GPU.
    found = (_named(nvml, name.strip(), handles) for name in value.split(","))
    return list(takewhile(lambda handle: handle is not None, found))


def _named(nvml: Any, name: str, handles: Sequence[Any]) -> Any:
    """Return the GPU of a number, or of the start of an identifier; None without."""
    if name.isdecimal():
        return handles[int(name)] if int(name) < len(handles) else None
    if name.startswith("MIG-"):  # a part of a GPU
        try:
            return nvml.nvmlDeviceGetHandleByUUID(name)
        except nvml.NVMLError:
            return None
    if not name.startswith("GPU-"):
        return None
    alike = [h for h in handles if str(nvml.nvmlDeviceGetUUID(h)).startswith(name)]
    return alike[0] if len(alike) == 1 else None


def _why_not(error: Exception, pci: Path) -> str | None:
    """Return why the GPUs cannot be asked, None where there seems to be none."""
    line = ": ".join((type(error).__name__, *str(error).strip().splitlines()[:1]))
    if type(error).__name__ != "NVMLError_LibraryNotFound":
        return f"GPUs cannot be counted ({line})"
    # Without a driver, which is what brings the library along.
    return "a GPU is there, but no NVIDIA driver" if _plugged_in(pci) else None


def _plugged_in(pci: Path) -> bool:
    """Tell whether the machine has an NVIDIA GPU, with or without a driver."""
    try:
        return any(
            (device / "vendor").read_text().strip() == _NVIDIA
            and (device / "class").read_text().startswith(_DISPLAY)
            for device in pci.iterdir()
        )
    except OSError:  # not on Linux
        return False
