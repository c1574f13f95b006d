"""Depthwise convolutions whose backward pass is fast on a CPU.

oneDNN computes the gradient of a depthwise weight with a fast kernel only where that
has up to three columns, and the gradient of the input of strided ones in bfloat16 with
a slow one. Both are put together here from what is fast, where that is 1.1 to 9 times
faster (``benchmarks/convolutions.py``).
"""

from typing import Any, Final, final

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

FAST_COLUMNS: Final = 3
"""Columns of a weight for whose gradient oneDNN has a fast kernel."""

PIXELS: Final = 8 * 8
NARROW_PIXELS: Final = 24 * 24
"""Of the smallest images for which it pays, and with a weight of few columns."""


@final
class DepthwiseConv2d(nn.Conv2d):
    """A depthwise convolution without bias, of odd sides, that keeps the image's size.

    Outputs are torch's own, gradients up to rounding.
    """

    @staticmethod
    def takes(conv: nn.Conv2d) -> bool:
        """Return whether a convolution is one that this can compute."""
        height, width = conv.kernel_size
        return (
            conv.groups == conv.in_channels == conv.out_channels > 1
            and conv.dilation == (1, 1)
            and conv.stride[0] == conv.stride[1]
            and height % 2 == width % 2 == 1
            and conv.padding == (height // 2, width // 2)
            and conv.padding_mode == "zeros"
            and conv.bias is None
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs (N, C, H', W') for inputs (N, C, H, W)."""
        weight = self.weight
        if torch.is_autocast_enabled(x.device.type):
            dtype = torch.get_autocast_dtype(x.device.type)
            x, weight = x.to(dtype), weight.to(dtype)
        stride = self.stride[0]
        if _pays(x, weight, stride):
            return _Depthwise.apply(x, weight, stride)  # type: ignore[no-untyped-call]
        return conv2d(x, weight, None, stride, self.padding, 1, self.groups)


def _pays(x: Tensor, weight: Tensor, stride: int) -> bool:
    """Return whether the backward pass is slow enough for Python to be worth it."""
    if stride > 1:
        return x.dtype == torch.bfloat16
    is_wide = weight.shape[3] > FAST_COLUMNS
    return x.shape[2] * x.shape[3] >= (PIXELS if is_wide else NARROW_PIXELS)


class _Depthwise(torch.autograd.Function):
    """A depthwise convolution (N, C, H, W) with a weight (C, 1, K, L), K and L odd."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride = stride
        height, width = weight.shape[2:]
        return conv2d(
            x, weight, None, stride, (height // 2, width // 2), 1, weight.shape[0]
        )

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x, weight = ctx.saved_tensors
        # Behind a mean or the like the gradient is a view that repeats one value.
        grad = grad.contiguous(memory_format=torch.channels_last)
        needs_x, needs_weight, _ = ctx.needs_input_grad
        return (
            _input_gradient(grad, x, weight, ctx.stride) if needs_x else None,
            _weight_gradient(grad, x, weight, ctx.stride) if needs_weight else None,
            None,
        )


def _input_gradient(grad: Tensor, x: Tensor, weight: Tensor, stride: int) -> Tensor:
    height, width = weight.shape[2:]
    padding = (height // 2, width // 2)
    if stride == 1:
        return conv2d(grad, weight.flip(2, 3), None, 1, padding, 1, len(weight))
    wide = torch.float32
    found = _backward(
        grad.to(wide), x.to(wide), weight.to(wide), stride, padding, of_input=True
    )
    return found.to(x.dtype)


def _weight_gradient(grad: Tensor, x: Tensor, weight: Tensor, stride: int) -> Tensor:
    """Return the gradient of the weight, a few of its columns at a time."""
    height, width = weight.shape[2:]
    padding = (height // 2, width // 2)
    if width <= FAST_COLUMNS:
        return _backward(grad, x, weight, stride, padding, of_input=False)
    columns = []
    for start in range(0, width, FAST_COLUMNS):
        part = weight[..., start : start + FAST_COLUMNS]
        # The first of the columns is to meet the first column of the input.
        left = width // 2 - start
        reached = (grad.shape[3] - 1) * stride + part.shape[3]
        right = reached - x.shape[3] - left
        shifted = pad(x, (max(left, 0), max(right, 0)))
        shifted = shifted[..., max(-left, 0) :][..., :reached]
        columns.append(
            _backward(grad, shifted, part, stride, (height // 2, 0), of_input=False)
        )
    return torch.cat(columns, dim=3)


def _backward(
    grad: Tensor,
    x: Tensor,
    weight: Tensor,
    stride: int,
    padding: tuple[int, int],
    *,
    of_input: bool,
) -> Tensor:
    """Return torch's own gradient, of the input or else of the weight."""
    gradients = torch.ops.aten.convolution_backward(
        grad,
        x,
        weight,
        None,
        [stride, stride],
        list(padding),
        [1, 1],
        False,
        [0, 0],
        len(weight),
        [of_input, not of_input, False],
    )
    return gradients[0 if of_input else 1]
