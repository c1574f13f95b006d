"""Whether there are the GPUs that a search is to use, and what becomes of it if not."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from nas.errors import ConfigError
from nas.executors import call, start_server
from nas.records import TrialRecord
from nas.search.config import SearchConfig
from nas.search.gpus import find_gpus
from nas.search.workers import built_for_cpu, places, torch_version
from nas.train import PRELOAD, count_devices


def check_device(
    device: str, devices: Sequence[int] | None = None, run: Path | None = None
) -> None:
    """Refuse GPUs that are not there, or that no such PyTorch can use.

    Args:
        device: "auto", "cpu" or "cuda".
        devices: the numbers of the GPUs asked for, if any were.
        run: the run that asked for them, where it is to be continued.

    Raises:
        ConfigError: for "cuda" without any GPU, or numbers of GPUs there are not.
    """
    if device != "cuda" and devices is None:
        return
    found = find_gpus()
    if device == "cuda" and not found.count:
        raise ConfigError(
            f"device 'cuda' needs an NVIDIA GPU; {found.lack or 'found none'}; "
            + _remedy(run)
        )
    if devices is not None and max(devices) >= found.count:
        none = f"there are none ({found.lack})" if found.lack else "there are none"
        has = f"there are 0 to {found.count - 1}" if found.count else none
        raise ConfigError(
            f"devices must be numbers of GPUs; {has}; got {max(devices)}; "
            + _remedy(run, found.count)
        )
    if built_for_cpu():
        raise ConfigError(f"GPUs need a PyTorch with CUDA; {_build()}; {_remedy(run)}")


def settled_device(
    config: SearchConfig, run: Path | None = None
) -> tuple[SearchConfig, str | None]:
    """Return the configuration with a device that PyTorch can use.

    And why that is the CPU, where somebody might expect a GPU. Takes a second where
    there are GPUs.

    Args:
        config: whose devices ``check_device`` found to be there.
        run: as there; its device stays what it is.

    Raises:
        ConfigError: when PyTorch sees fewer GPUs than were asked for.
    """
    on = places(config.device, config.devices)
    if on == ("cpu",):
        return config, None if config.device == "cpu" else _why_cpu()
    needed = 1 + max(int(name.removeprefix("cuda:")) for name in on)
    seen = _seen_by_torch(config)
    if seen >= needed:
        return config, None
    why = (
        f"PyTorch {torch_version()} sees {seen} of {needed} GPUs, perhaps because it "
        "needs a newer driver"
    )
    if config.device == "cuda" or config.devices is not None or run is not None:
        raise ConfigError(f"{why}; {_remedy(run, seen)}")
    if seen:
        return replace(config, devices=tuple(range(seen))), f"trains on {seen}: {why}"
    return replace(config, device="cpu"), f"trains on the CPU: {why}"


def gone(config: SearchConfig, records: Iterable[TrialRecord]) -> str | None:
    """Return what to know about a run that was trained on GPUs and no longer is."""
    before = sorted({r.device for r in records if r.device.startswith("cuda")})
    if not before or places(config.device, config.devices) != ("cpu",):
        return None
    return f"trains on the CPU from here on; earlier trials were on {before[0]}"


def _why_cpu() -> str | None:
    found = find_gpus()
    if found.lack:
        return f"trains on the CPU: {found.lack}"
    return f"trains on the CPU: {_build()}" if found.count else None


def _build() -> str:
    return f"PyTorch {torch_version()} is built for CPUs"


def _seen_by_torch(config: SearchConfig) -> int:
    if config.workers == 0:
        return count_devices()
    try:
        found: int = call(start_server(PRELOAD), count_devices)
    except ChildProcessError:
        return 0
    return found


def _remedy(run: Path | None, num_gpus: int = 0) -> str:
    others = ",".join(map(str, range(num_gpus)))
    if run is None:
        return f"use {others}" if others else "use cpu"
    way = f"--devices {others}" if others else "--device cpu"
    return f"continue with 'nas resume {run} {way}'"
