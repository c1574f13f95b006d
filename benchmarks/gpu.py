"""What a GPU makes of small networks on 32 x 32 images, in one call of under 9 minutes.

Measures, after the device's own rate of bfloat16 matrix products:

- "steps": images per second of the training step of networks of four sizes, launched
  by Python ("eager"), replayed as a CUDA graph ("graph"), either also with cuDNN's
  search for algorithms ("+ search"), and compiled ("compile"); with the seconds that
  come before the first fast step, and the share of the rate above that is reached;
- "profile": what the profiler sees of copies and waits inside an epoch of the graph;
- "packed": whole trials by 1, 2, 4 and 8 processes at once: trials per hour.

Batches are those of the recipe, images are noise around a pattern. What has not begun
after ``--minutes`` is left out and said so. Ends with all numbers as a line of JSON.

    python benchmarks/gpu.py [--device cuda] [--minutes 8] [--quick]

``--device cpu --quick`` shows in a minute or two that the script works, and no more; a
CPU has no graphs, and its steps are bfloat16 just the same.
"""

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import torch
from networks import drawn, images
from packed import trials_per_hour
from torch import nn
from torch.profiler import ProfilerActivity, profile

from nas.nn.build import build
from nas.nn.cost import cost
from nas.records import Recipe
from nas.train.batches import batch_sizes
from nas.train.graph import CudaGraph
from nas.train.loops import EagerLoop, GraphedLoop, Loop
from nas.train.optimizers import optimizer
from nas.train.resident import ResidentFeed
from nas.train.settings import training_settings
from nas.train.step import Step

SHAPE = (3, 32, 32)
RECIPE = Recipe(epochs=2, lr=0.02, augment="standard", flip=True, precision="bf16")


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much is measured."""

    sizes: tuple[int, ...] = (20_000, 100_000, 300_000, 1_000_000)
    compiled: tuple[int, ...] = (100_000, 1_000_000)
    packed: tuple[int, ...] = (100_000, 300_000)
    processes: tuple[int, ...] = (1, 2, 4, 8)
    trials: int = 4
    num_images: int = 32_768
    epochs: int = 3
    matmul: int = 8192


QUICK = Scale(
    sizes=(5_000, 10_000),
    compiled=(),
    packed=(5_000,),
    processes=(1, 2),
    trials=1,
    num_images=256,
    epochs=1,
    matmul=512,
)


class Bench:
    """Loops over the same images, on one device."""

    def __init__(self, device: torch.device, scale: Scale) -> None:
        self.device = device
        self.scale = scale
        self.data = images(scale.num_images, scale.num_images // 8, SHAPE)
        self.feed = ResidentFeed(self.data.train, device)
        self.sizes = batch_sizes(len(self.feed), RECIPE.batch_size)

    def loop(self, params: int, *, graph: bool, compiled: bool = False) -> Loop:
        """Return what trains a network of a size."""
        network: nn.Module = build(drawn(params, SHAPE), self.data.mean, self.data.std)
        network.to(self.device)
        network.to(memory_format=torch.channels_last)
        steps = optimizer(network, RECIPE)
        step = Step(
            torch.compile(network) if compiled else network,
            steps,
            torch.Tensor.backward,
            RECIPE,
            augmentation=torch.Generator(self.device).manual_seed(0),
            bf16=True,
        )
        if not graph:
            return EagerLoop(step, self.feed)

        def fall_back(reason: str) -> None:
            raise SystemExit(reason)

        return GraphedLoop(
            step,
            self.feed,
            batch_size=RECIPE.batch_size,
            epoch_steps=len(self.sizes),
            new_graph=CudaGraph,
            on_fallback=fall_back,
        )

    def epoch(self, loop: Loop) -> float:
        """Return the seconds of an epoch."""
        order = torch.randperm(len(self.feed)).to(self.device)
        self.wait()
        started = time.perf_counter()
        loop.run(order, self.sizes, [RECIPE.lr] * len(self.sizes))
        self.wait()
        return time.perf_counter() - started

    def wait(self) -> None:
        """Wait for the device."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def matmul_rate(self) -> float:
        """Return the bfloat16 operations per second of a large matrix product."""
        side = self.scale.matmul
        a = torch.randn(side, side, device=self.device, dtype=torch.bfloat16)
        seconds = []
        for _ in range(12):
            self.wait()
            started = time.perf_counter()
            a @ a
            self.wait()
            seconds.append(time.perf_counter() - started)
        return 2 * side**3 / statistics.median(seconds[2:])


@contextmanager
def searching(on: bool) -> Iterator[None]:
    """Let cuDNN try its algorithms, or not."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = on
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


def measure_steps(bench: Bench, rate: float, is_over: Callable[[], bool]) -> list[Any]:
    """Print and return the rates of training steps."""
    ways: dict[str, dict[str, bool]] = {"eager": {"graph": False}}
    if bench.device.type == "cuda":
        ways["eager + search"] = {"graph": False}
        ways["graph"] = ways["graph + search"] = {"graph": True}
    ways["compile"] = {"graph": False, "compiled": True}
    rows = []
    print(f"{'params':>9} {'way':16}{'images/s':>12}{'set-up s':>10}{'of peak':>9}")
    for params in bench.scale.sizes:
        operations = 6 * cost(drawn(params, SHAPE)).total.macs
        for way, settings in ways.items():
            if way == "compile" and params not in bench.scale.compiled:
                continue
            if is_over():
                print(f"{params:9,} {way:16}{'left out':>12}")
                continue
            with searching("search" in way):
                loop = bench.loop(params, **settings)
                first = bench.epoch(loop)
                seconds = [bench.epoch(loop) for _ in range(bench.scale.epochs)]
            typical = statistics.median(seconds)
            row = {
                "params": params,
                "way": way,
                "images_per_second": bench.scale.num_images / typical,
                "setup_seconds": max(0.0, first - typical),
                "share_of_peak": operations * bench.scale.num_images / typical / rate,
            }
            rows.append(row)
            print(
                f"{params:9,} {way:16}{row['images_per_second']:12,.0f}"
                f"{row['setup_seconds']:10.2f}{row['share_of_peak']:9.2%}",
                flush=True,
            )
    return rows


def profiled(bench: Bench) -> dict[str, int]:
    """Return how often each copy to or from the host, and each wait, is in an epoch."""
    loop = bench.loop(bench.scale.sizes[0], graph=True)
    bench.epoch(loop)
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
        bench.epoch(loop)
    return {
        event.key: event.count
        for event in seen.key_averages()
        if "Synchronize" in event.key or "HtoD" in event.key or "DtoH" in event.key
    }


def measure_packed(bench: Bench, is_over: Callable[[], bool]) -> list[Any]:
    """Print and return the trials per hour of several processes."""
    rows = []
    print(f"{'params':>9} {'processes':>9}{'trials/h':>12}{'of one':>9}")
    for params in bench.scale.packed:
        one = None
        for processes in bench.scale.processes:
            if is_over():
                print(f"{params:9,} {processes:9}{'left out':>12}")
                continue
            with tempfile.TemporaryDirectory() as folder:
                rate = trials_per_hour(
                    drawn(params, SHAPE),
                    bench.data,
                    RECIPE,
                    device=str(bench.device),
                    processes=processes,
                    trials=bench.scale.trials,
                    folder=folder,
                )
            one = one or rate
            rows.append(
                {"params": params, "processes": processes, "trials_per_hour": rate}
            )
            print(
                f"{params:9,} {processes:9}{rate:12,.0f}{rate / one:9.2f}", flush=True
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    started = time.perf_counter()

    def is_past(share: float) -> bool:
        return time.perf_counter() - started > share * 60 * options.minutes

    device = torch.device(options.device)
    on_gpu = device.type == "cuda"
    scale = QUICK if options.quick else Scale()
    if options.quick and on_gpu:
        scale = replace(scale, compiled=scale.sizes[:1])
    bench = Bench(device, scale)
    found: dict[str, Any] = {
        "device": torch.cuda.get_device_name(device) if on_gpu else "cpu",
        "torch": torch.__version__,
        "date": date.today().isoformat(),
        "images": scale.num_images,
        "batch": RECIPE.batch_size,
    }
    with training_settings(device, seed=0):
        found["bf16_flops"] = rate = bench.matmul_rate()
        print(
            f"{found['device']}, torch {torch.__version__}: {rate / 1e12:.2f} TFLOP/s"
        )
        found["steps"] = measure_steps(bench, rate, lambda: is_past(0.5))
        if on_gpu:
            found["profile"] = profiled(bench)
            print(f"inside an epoch of {len(bench.sizes)} steps: {found['profile']}")
            torch.cuda.empty_cache()
    found["packed"] = measure_packed(bench, lambda: is_past(0.85))
    found["seconds"] = time.perf_counter() - started
    print(json.dumps(found))


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    main()
