"""How long networks take for a batch: what a user of ``model.py`` has to wait.

Networks are called as such a user calls them: in eval mode, without gradients, images
in float32 as they come, (N, C, H, W) and not channels_last, already on the device.
"""

import gc
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import quantiles
from time import perf_counter_ns
from typing import Final, NamedTuple, final

import torch
from torch import Tensor, nn

from nas.latency import Latency

TURN_SECONDS: Final = 0.05
"""That a network has to itself before the next one's turn comes."""

RUNS: Final = 30
LEAST_RUNS: Final = 5
"""Timed if that does not take too long, and in any case."""

UNDISTURBED: Final = 10
"""So many undisturbed runs are enough to leave out all others."""

STEADY: Final = 0.98
"""Warm-up ends once the fastest run is no longer this part of the one before it."""

WARM_UP_SECONDS: Final = 1.0
_WINDOW_RUNS: Final = 3
_WINDOW_SECONDS: Final = 0.02
_CPU_INFO: Final = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A network with the shape (C, H, W) and number of images that it is timed on."""

    network: nn.Module
    input_shape: tuple[int, ...]
    batch_size: int


def latencies(
    cases: Sequence[Case],
    *,
    device: torch.device,
    threads: int,
    now: Callable[[], datetime],
    seconds: float,
) -> list[Latency]:
    """Return what each of the cases takes, timed in turns.

    What disturbs a machine for a while so disturbs all of them, and none the most. The
    networks end up on the device, in eval mode.

    Args:
        cases: timed in this order, again and again.
        device: to compute on.
        threads: that PyTorch may use on the CPU, meanwhile.
        now: the clock.
        seconds: of timed runs for each case, more where they are slow.
    """
    with _undisturbed(threads), torch.inference_mode():
        timings = [_Timing(case, device) for case in cases]
        for timing in timings:
            timing.warm_up()
        while due := [one for one in timings if not one.is_done(seconds)]:
            for timing in due:
                timing.take_turn()
    measured = now().isoformat(timespec="seconds")
    return [timing.latency(threads, measured) for timing in timings]


@final
class _Timing:
    """A case and its runs so far."""

    def __init__(self, case: Case, device: torch.device) -> None:
        self._network = case.network.to(device).eval()
        self._device = device
        shape = (case.batch_size, *case.input_shape)
        random = torch.Generator().manual_seed(0)
        self._images = torch.rand(shape, generator=random).to(device)
        self._undisturbed: list[int] = []
        self._disturbed: list[int] = []
        self._num_warm_up = 0

    def warm_up(self) -> None:
        """Run until runs get no faster: memory is had, kernels chosen, clocks up."""
        fastest, spent = self._window()
        steady = False
        while not steady and spent < WARM_UP_SECONDS * 1e9:
            found, took = self._window()
            steady = found > STEADY * fastest
            fastest, spent = min(found, fastest), spent + took

    def take_turn(self) -> None:
        """Time runs for a while; the first brings caches back and counts only if slow.

        At least one counts.
        """
        run = self._run()
        if run.nanoseconds > TURN_SECONDS * 1e9:
            self._count(run)
            return
        self._num_warm_up += 1
        spent = 0
        while spent < TURN_SECONDS * 1e9:
            run = self._run()
            self._count(run)
            spent += run.nanoseconds

    def is_done(self, seconds: float) -> bool:
        """Tell whether enough runs were timed."""
        spent = (sum(self._undisturbed) + sum(self._disturbed)) / 1e9
        if spent < 3 * seconds:
            return len(self._undisturbed) >= RUNS and spent >= seconds
        return len(self._undisturbed) + len(self._disturbed) >= LEAST_RUNS

    def latency(self, threads: int, measured: str) -> Latency:
        """Return what the runs say."""
        runs = self._undisturbed + self._disturbed
        enough = len(self._undisturbed) >= UNDISTURBED
        counted = self._undisturbed if enough else runs
        parts = quantiles(counted, n=20, method="inclusive")
        low, median, high = (parts[i] / 1e6 for i in (0, 9, 18))
        return Latency(
            device=device_name(self._device),
            threads=threads,
            batch_size=len(self._images),
            precision=_precision(self._network, self._device),
            median_ms=median,
            low_ms=low,
            high_ms=high,
            runs=len(runs),
            disturbed_runs=len(self._disturbed),
            warmup_runs=self._num_warm_up,
            torch=torch.__version__,
            measured=measured,
        )

    def _window(self) -> tuple[int, int]:
        """Run a few times; return the fastest run and the sum, in nanoseconds."""
        found: list[int] = []
        while len(found) < _WINDOW_RUNS or sum(found) < _WINDOW_SECONDS * 1e9:
            found.append(self._run().nanoseconds)
        self._num_warm_up += len(found)
        return min(found), sum(found)

    def _run(self) -> "_Run":
        """Run until the result is there."""
        before = num_interruptions()
        began = perf_counter_ns()
        _forward(self._network, self._images)
        ended = perf_counter_ns()
        return _Run(ended - began, num_interruptions() > before)

    def _count(self, run: "_Run") -> None:
        runs = self._disturbed if run.is_disturbed else self._undisturbed
        runs.append(run.nanoseconds)


class _Run(NamedTuple):
    nanoseconds: int
    is_disturbed: bool


def num_interruptions() -> int:
    """Return how often the system took a processor away from this process."""
    return getrusage(RUSAGE_SELF).ru_nivcsw


def _forward(network: nn.Module, images: Tensor) -> None:
    network(images)
    if images.is_cuda:  # returns before the GPU is done
        torch.cuda.synchronize(images.device)


@contextmanager
def _undisturbed(threads: int) -> Iterator[None]:
    """Compute on so many threads, and let no garbage be collected meanwhile."""
    before, collects = torch.get_num_threads(), gc.isenabled()
    torch.set_num_threads(threads)
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        torch.set_num_threads(before)
        if collects:
            gc.enable()


def device_name(device: torch.device, cpu_info: Path = _CPU_INFO) -> str:
    """Return what the GPU or the processor is called, as far as the system says."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if cpu_info.is_file():
        for line in cpu_info.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine() or "unknown processor"


def _precision(network: nn.Module, device: torch.device) -> str:
    weights = next(network.parameters(), None)
    dtype = torch.float32 if weights is None else weights.dtype
    if dtype != torch.float32 or device.type != "cuda":
        return str(dtype).removeprefix("torch.")
    has_tf32 = torch.cuda.get_device_capability(device) >= (8, 0)
    # PyTorch's own default, which `model.py` leaves as it is.
    return "tf32" if has_tf32 and torch.backends.cudnn.allow_tf32 else "float32"
