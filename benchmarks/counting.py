"""How long it takes to count a network, and whether the count is right.

Measures the time of ``nas.nn.cost.cost`` for NETWORKS random architectures of the
default space (3 x 32 x 32 images, 10 classes, at most a million parameters) on one
thread: "alone" with empty caches for every single one, "search" once through all of
them from empty caches, as in a search, and "again" when all have been counted before.
CHECKED of them are compared with what their network has, built on the meta device.

    python benchmarks/counting.py

The target is a median of at most 1 ms; the exit status is 1 when a count is wrong.
"""

import random
import statistics
import sys
import time
from collections.abc import Iterable
from dataclasses import replace

import torch

from nas.arch import Architecture
from nas.nn.build import build
from nas.nn.cost import block_cost, cost, unit_cost
from nas.nn.measure import measure
from nas.space import BoundSpace, SearchSpace

NETWORKS = 10_000
CHECKED = 200


def drawn() -> list[Architecture]:
    """Return the random architectures, always the same ones."""
    bound = BoundSpace(
        space=SearchSpace.load("default"),
        input_shape=(3, 32, 32),
        num_classes=10,
        max_params=1_000_000,
    )
    rng = random.Random(0)
    return [bound.sample(rng) for _ in range(NETWORKS)]


def forget() -> None:
    """Empty the caches that counting fills."""
    block_cost.cache_clear()
    unit_cost.cache_clear()


def timed(networks: Iterable[Architecture], *, alone: bool) -> list[float]:
    """Return the milliseconds that it takes to count each network."""
    spent = []
    for network in networks:
        fresh = replace(network)  # without what the other object remembers
        if alone:
            forget()
        start = time.perf_counter()
        cost(fresh)
        spent.append(1e3 * (time.perf_counter() - start))
    return spent


def num_wrong(networks: Iterable[Architecture]) -> int:
    """Return how many networks have another size or other MACs than counted."""
    wrong = 0
    for network in networks:
        with torch.device("meta"):
            built = build(network)
        wrong += measure(built, network.input_shape) != cost(network).total
    return wrong


def main() -> None:
    """Measure, and print a line for each state of the caches."""
    torch.set_num_threads(1)
    start = time.perf_counter()
    networks = drawn()
    seconds = time.perf_counter() - start
    blocks = statistics.mean(len(network.blocks) for network in networks)
    print(f"{NETWORKS:,} networks of {blocks:.1f} blocks drawn in {seconds:.1f} s")
    print("         median      p95      max  (ms)")
    forget()
    search = timed(networks, alone=False)
    again = timed(networks, alone=False)
    rows = {"alone": timed(networks, alone=True), "search": search, "again": again}
    for name, spent in rows.items():
        median, p95 = statistics.median(spent), statistics.quantiles(spent, n=20)[-1]
        print(f"{name:6} {median:8.3f} {p95:8.3f} {max(spent):8.3f}")
    wrong = num_wrong(networks[:: NETWORKS // CHECKED])
    print(f"{CHECKED - wrong} of {CHECKED} counts are those of the built networks")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
