"""What a concat block's training step takes at most, and what keeping less costs.

Measures, for blocks of growing depth, the growth of the process's peak memory over a
forward and backward pass (each in a process of its own) with plain concatenations and
with ``nas.nn.memory.keep_parts``, and the ratio of the times of such passes
(interleaved, the median of PAIRS pairs, one thread).

    python benchmarks/concat_memory.py
"""

import multiprocessing
import resource
import statistics
import time

import torch
from torch import Tensor, nn

from nas.arch import Basic, Block, Concat, PreactBottleneck, Separable
from nas.nn.layout import block_call
from nas.nn.memory import keep_parts

PAIRS = 9
BATCH, WIDTH, GROWTH, SIDE = 64, 16, 12, 28


def made(spec: Block, frugal: bool) -> nn.Module:
    """Return the block, with or without keeping parts."""
    block: nn.Module = block_call(spec, WIDTH)()
    if frugal:
        keep_parts(block, min_depth=1)
    return block


def step(block: nn.Module, x: Tensor) -> float:
    """Return the seconds of a forward and a backward pass."""
    start = time.perf_counter()
    block(x).sum().backward()
    return time.perf_counter() - start


def peak_megabytes(spec: Block, frugal: bool) -> float:
    """Return by how much a step raises the peak memory of a fresh process."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def measure() -> None:
        torch.set_num_threads(1)
        block = made(spec, frugal)
        step(block, torch.randn(2, WIDTH, SIDE, SIDE))  # libraries warm up
        x = torch.randn(BATCH, WIDTH, SIDE, SIDE)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        step(block, x)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        theirs.send((after - before) / 1024)

    process = context.Process(target=measure)
    process.start()
    process.join()
    return float(ours.recv())


def main() -> None:
    print(f"images {BATCH} x {WIDTH} x {SIDE} x {SIDE}, growth {GROWTH}")
    print("unit               depth  plain MB  parts MB  memory   time")
    specs = [
        Block(aggregation=Concat(growth=GROWTH), unit=unit, depth=depth, width=WIDTH)
        for unit in (Basic(), Separable(), PreactBottleneck(ratio=2.0))
        for depth in (4, 8, 16)
    ]
    # Forked before torch has started threads of its own.
    peaks = [(peak_megabytes(s, False), peak_megabytes(s, True)) for s in specs]
    torch.set_num_threads(1)
    for spec, (plain, frugal) in zip(specs, peaks, strict=True):
        blocks = made(spec, False), made(spec, True)
        x = torch.randn(8, WIDTH, SIDE, SIDE)
        ratios = []
        for _ in range(PAIRS):
            first = step(blocks[0], x)
            ratios.append(step(blocks[1], x) / first)
        print(
            f"{spec.unit.kind:18} {spec.depth:5} {plain:9.1f} {frugal:9.1f} "
            f"{frugal / plain:7.2f} {statistics.median(ratios):6.2f}"
        )


if __name__ == "__main__":
    main()
