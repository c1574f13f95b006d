"""Whether `torch.compile` pays for a candidate on a CPU. Needs a C++ compiler.

For NETWORKS random networks of the default space of at most MAX_PARAMS parameters it
prints the seconds of the first compiled step, the median times of nine ordinary and
nine compiled steps that take turns (digits, batches of 64, one thread, the ordinary
ones with our convolutions), and how many epochs of 18 steps win those seconds back.

    python benchmarks/compiling.py [--networks 3] [--max-params 200000]
"""

import argparse
import math
import statistics
import time
from collections.abc import Callable

import torch
from candidates import drawn, hardware
from torch.nn.functional import cross_entropy

from nas.arch import Architecture
from nas.data import SearchData, load
from nas.nn.build import build
from nas.nn.cost import cost
from nas.nn.processor import suit_processor

BATCH = 64
EPOCH_STEPS = 18
PAIRS = 9


def step(
    data: SearchData, architecture: Architecture, *, compiled: bool
) -> Callable[[], None]:
    """Return a step of a network's training."""
    network = build(architecture, data.mean, data.std, seed=0)
    network.to(memory_format=torch.channels_last)
    if not compiled:
        suit_processor(network)
    forward = torch.compile(network) if compiled else network
    optimizer = torch.optim.SGD(network.parameters(), 0.01, 0.9, fused=True)
    images = torch.tensor(data.train.images[:BATCH]).float() / 255
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.tensor(data.train.labels[:BATCH])

    def take() -> None:
        optimizer.zero_grad()
        cross_entropy(forward(images), labels).backward()
        optimizer.step()

    return take


def seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=3)
    parser.add_argument("--max-params", type=int, default=200_000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = load("digits").for_search()
    print(hardware())
    print(
        "  params  first step (s)  ordinary (ms)  compiled (ms)  ratio  epochs to win"
    )
    for architecture in drawn(data, options.networks, options.max_params):
        ordinary = step(data, architecture, compiled=False)
        compiled = step(data, architecture, compiled=True)
        first = seconds(compiled)
        ordinary()
        pairs = [(seconds(ordinary), seconds(compiled)) for _ in range(PAIRS)]
        before, after = map(statistics.median, zip(*pairs, strict=True))
        gain = EPOCH_STEPS * (before - after)
        epochs = first / gain if gain > 0 else math.inf
        print(
            f"{cost(architecture).total.params:8,}{first:16.1f}{1e3 * before:15.1f}"
            f"{1e3 * after:15.1f}{before / after:7.2f}{epochs:15,.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
