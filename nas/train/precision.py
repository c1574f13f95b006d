"""Whether a device trains faster in bfloat16. Imports torch only to measure."""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final, Literal

from nas.arch import Architecture

Precision = Literal["float32", "bf16"]

UNITS: Final = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")
"""What Linux calls a processor's ability to multiply in bfloat16."""

PAYS_FROM: Final = 1.1
"""How many times as fast bfloat16 must be to be taken; below, float32 is as good."""

SMALLEST_SIDE: Final = 16
"""Shorter side in pixels from which on bfloat16 can pay on a CPU. For smaller images
conversions and calls take most of the time, and the choice would be one of chance."""

PAIRS: Final = 3

_CPU_INFO: Final = Path("/proc/cpuinfo")


def resolve_precision(
    measure: Callable[[], Precision],
    *,
    on_gpu: bool,
    side: int,
    cpu_info: Path = _CPU_INFO,
) -> Precision:
    """Return the precision to take where a recipe leaves it open.

    A GPU gets bfloat16; a processor without units for it, or with images smaller than
    `SMALLEST_SIDE`, float32. Any other is measured. Two measurements may differ where
    they come close: ask once for all trainings that are to be compared.

    Args:
        measure: calls `measured_precision` in a process like those that will train.
        on_gpu: whether a GPU will.
        side: the shorter one of the images, in pixels.
        cpu_info: what the system says about the processor; without it, measure.
    """
    if on_gpu:
        return "bf16"
    if side < SMALLEST_SIDE:
        return "float32"
    if cpu_info.is_file() and not has_units(cpu_info.read_text()):
        return "float32"
    return measure()


def has_units(cpu_info: str) -> bool:
    """Return whether Linux's description of a processor has bfloat16 in it."""
    for line in cpu_info.splitlines():
        name, _, values = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return not set(UNITS).isdisjoint(values.split())
    return False


def measured_precision(
    architectures: Sequence[Architecture], batch_size: int
) -> Precision:
    """Return in which precision one thread of the CPU trains some networks faster.

    Takes a second or two: a few steps each, in turns.

    Args:
        architectures: such as will be trained; their units make a difference.
        batch_size: of the steps.
    """
    import torch

    from nas.train.settings import training_settings

    with training_settings(torch.device("cpu"), seed=0):
        seconds = [
            timed(
                _step(architecture, batch_size, bf16=False),
                _step(architecture, batch_size, bf16=True),
            )
            for architecture in architectures
        ]
    float32, bf16 = (sum(column) for column in zip(*seconds, strict=True))
    return "bf16" if float32 >= PAYS_FROM * bf16 else "float32"


def timed(*works: Callable[[], object]) -> tuple[float, ...]:
    """Return the median seconds that each piece of work takes, in turns."""
    for work in works:
        work()
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(PAIRS):
        for work, found in zip(works, seconds, strict=True):
            started = perf_counter()
            work()
            found.append(perf_counter() - started)
    return tuple(map(median, seconds))


def _step(
    architecture: Architecture, batch_size: int, *, bf16: bool
) -> Callable[[], None]:
    """Return a step of a network's training, as searches do it."""
    import torch

    from nas.nn.build import build
    from nas.nn.processor import suit_processor
    from nas.records import Recipe
    from nas.train.optimizers import optimizer
    from nas.train.step import Step

    network = build(architecture, seed=0)
    suit_processor(network)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    recipe = Recipe(lr=0.01)
    step = Step(
        network,
        optimizer(network, recipe),
        torch.Tensor.backward,
        recipe,
        augmentation=torch.Generator(),
        bf16=bf16,
    )
    shape = (batch_size, *architecture.input_shape)
    images = torch.zeros(shape, dtype=torch.uint8)
    labels = torch.zeros(batch_size, dtype=torch.int64)
    return lambda: step(images, labels)
