"""Adaptive max pooling in terms of what ONNX has."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def adaptive_max_pool2d(x: "Tensor", output_size: list[int]) -> tuple["Tensor", ...]:
    """Return the largest values of (N, C, H, W) in each of (height, width) windows.

    The same as ``torch.nn.functional.adaptive_max_pool2d``, for sizes that are known
    ahead; but where those values are, its second output, is zeros: nobody asks.
    """
    import torch

    height, width = output_size
    if x.shape[-2] % height == 0 and x.shape[-1] % width == 0:
        window = [x.shape[-2] // height, x.shape[-1] // width]
        pooled = torch.nn.functional.max_pool2d(x, window)
    else:
        pooled = _largest(_largest(x, -2, height), -1, width)
    return pooled, torch.zeros_like(pooled, dtype=torch.int64)


def _largest(x: "Tensor", dim: int, count: int) -> "Tensor":
    """Return the largest values in windows that divide a dimension, and may overlap."""
    import torch

    size = x.shape[dim]
    starts = [i * size // count for i in range(count)]
    ends = [-(-(i + 1) * size // count) for i in range(count)]
    windows = [
        x.narrow(dim, start, end - start).amax(dim)
        for start, end in zip(starts, ends, strict=True)
    ]
    return torch.stack(windows, dim)
