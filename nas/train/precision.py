"""Whether a device trains faster in bfloat16. Needs no torch in the process that asks.

As a program, ``python -m nas.train.precision SIDE``, it measures the processor.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final, Literal

Precision = Literal["float32", "bf16"]

UNITS: Final = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")
"""What Linux calls a processor's ability to multiply in bfloat16."""

PAYS_FROM: Final = 1.1
"""How many times as fast bfloat16 must be to be taken; below, float32 is as good."""

PAIRS: Final = 5
BATCH: Final = 64


def resolve_precision(
    device: str,
    side: int,
    *,
    has_gpu: bool,
    cpu_info: Path = Path("/proc/cpuinfo"),
) -> Precision:
    """Return the precision to take where a recipe leaves it open.

    A GPU gets bfloat16, a processor without units for it float32. Any other is measured
    for one or two seconds, in a process of its own. Two measurements may differ where
    they come close: ask once for all trainings that are to be compared.

    Args:
        device: "auto", "cpu" or "cuda".
        side: the images' side in pixels.
        has_gpu: whether "auto" finds one.
        cpu_info: what the system says about the processor; without it, measure.
    """
    if device.startswith("cuda") or (device == "auto" and has_gpu):
        return "bf16"
    if cpu_info.is_file() and not has_units(cpu_info.read_text()):
        return "float32"
    measured = subprocess.run(
        [sys.executable, "-m", "nas.train.precision", str(side)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    # What cannot be measured cannot be trusted either.
    return "bf16" if measured.stdout.decode().split() == ["bf16"] else "float32"


def has_units(cpu_info: str) -> bool:
    """Return whether Linux's description of a processor has bfloat16 in it."""
    for line in cpu_info.splitlines():
        name, _, values = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return not set(UNITS).isdisjoint(values.split())
    return False


def measured_precision(side: int) -> Precision:
    """Return the faster precision for images of a side, on one thread of the CPU."""
    return faster(*(_training_step(side, bf16=bf16) for bf16 in (False, True)))


def faster(float32: Callable[[], object], bf16: Callable[[], object]) -> Precision:
    """Return which of two pieces of work takes less time, in turns."""
    float32()
    bf16()
    ratios = []
    for _ in range(PAIRS):
        started = perf_counter()
        float32()
        between = perf_counter()
        bf16()
        ratios.append((between - started) / (perf_counter() - between))
    return "bf16" if median(ratios) >= PAYS_FROM else "float32"


def _training_step(side: int, *, bf16: bool) -> Callable[[], None]:
    """Return a step of a small network as searches train them."""
    import torch

    from nas.arch import Architecture, Basic, Block, StemConv, Sum
    from nas.nn.build import build
    from nas.records import Recipe
    from nas.train.optimizers import optimizer
    from nas.train.step import Step

    torch.set_num_threads(1)
    blocks = tuple(
        Block(aggregation=Sum(), unit=Basic(), depth=1, width=width, stride=stride)
        for width, stride in ((20, 1), (28, 2), (40, 2))
    )
    architecture = Architecture(
        input_shape=(3, side, side),
        num_classes=10,
        stem=(StemConv(width=16),),
        blocks=blocks,
    )
    network = build(architecture, seed=0)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    recipe = Recipe(lr=0.01)
    steps = optimizer(network, recipe)
    step = Step(
        network,
        steps,
        torch.Tensor.backward,
        recipe,
        augmentation=torch.Generator(),
        bf16=bf16,
    )
    images = torch.zeros(BATCH, 3, side, side, dtype=torch.uint8)
    labels = torch.zeros(BATCH, dtype=torch.int64)
    return lambda: step(images, labels)


if __name__ == "__main__":
    sys.stdout.write(measured_precision(int(sys.argv[1])))
