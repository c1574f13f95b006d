"""Convolutions as searches train them on a CPU, against PyTorch's own.

Forward and backward, one thread, 64 images with channels last, in turns. Prints how
many times as fast 1x1 (`nas.nn.pointwise`) and depthwise (`nas.nn.depthwise`)
convolutions are, for widths, sides and strides as the default space has them; both
change nothing where the ratio is 1.

    python benchmarks/convolutions.py
"""

import statistics
import time
from collections.abc import Callable
from copy import deepcopy

import torch
from torch import nn

from nas.nn.processor import suit_processor

ROUNDS = 15
IMAGES = 64


def pass_of(layer: nn.Conv2d, x: torch.Tensor, bf16: bool) -> Callable[[], None]:
    """Return a forward and a backward pass."""
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        grad = torch.randn_like(layer(x))

    def run() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            output = layer(x)
        torch.autograd.grad(output, (x, layer.weight), grad)

    return run


def seconds(run: Callable[[], None], times: int) -> float:
    started = time.perf_counter()
    for _ in range(times):
        run()
    return time.perf_counter() - started


def ratio(layer: nn.Conv2d, side: int, bf16: bool) -> float:
    """Return the median of the times of PyTorch's over those of ours."""
    layer.to(memory_format=torch.channels_last)
    fast = deepcopy(layer)
    suit_processor(fast)
    x = torch.randn(IMAGES, layer.in_channels, side, side)
    x = x.to(memory_format=torch.channels_last).requires_grad_()
    plain, ours = (pass_of(each, x, bf16) for each in (layer, fast))
    times = max(1, round(0.02 / seconds(plain, 2)))
    pairs = [(seconds(plain, times), seconds(ours, times)) for _ in range(ROUNDS)]
    return statistics.median(theirs / mine for theirs, mine in pairs)


def main() -> None:
    torch.set_num_threads(1)
    print(f"{'':24}{'side':>6}{'float32':>9}{'bf16':>7}")
    for kernel, stride in ((1, 1), (1, 2), (3, 1), (3, 2), (5, 1), (5, 2)):
        for width, side in ((16, 4), (16, 8), (40, 8), (40, 14), (24, 28)):
            layer = nn.Conv2d(
                width,
                width,
                kernel,
                stride,
                padding=kernel // 2,
                groups=1 if kernel == 1 else width,
                bias=False,
            )
            found = [ratio(layer, side, bf16) for bf16 in (False, True)]
            kind = "1x1" if kernel == 1 else f"{kernel}x{kernel} depthwise"
            name = f"{kind}, stride {stride}, width {width}"
            print(f"{name:28}{side:2}{found[0]:9.2f}{found[1]:7.2f}", flush=True)


if __name__ == "__main__":
    main()
