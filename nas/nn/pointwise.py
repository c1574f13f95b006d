"""1x1 convolutions as products of matrices, which on a CPU take less time.

For small images what oneDNN does around a convolution takes longer than the
convolution: up to a side of 14, forward and backward take 0.5 to 1.0 of the time as a
product, in float32 and bfloat16 (``benchmarks/convolutions.py``).
"""

from types import MethodType
from typing import Final

from torch import Tensor, nn
from torch.nn.functional import conv2d, linear

MOST_PIXELS: Final = 14 * 14
"""Of the output; the convolution is as fast for larger images."""


def speed_up_pointwise(network: nn.Module) -> None:
    """Have a network's 1x1 convolutions multiply matrices, on a CPU.

    ``state_dict`` stays the same, outputs and gradients up to rounding.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and _is_supported(module):
            module.forward = MethodType(_forward, module)  # type: ignore[method-assign]


def _is_supported(conv: nn.Conv2d) -> bool:
    return (
        conv.kernel_size == (1, 1)
        and conv.groups == 1
        and conv.padding == (0, 0)
        and conv.bias is None
    )


def _forward(conv: nn.Conv2d, x: Tensor) -> Tensor:
    down, across = conv.stride
    height, width = x.shape[2:]
    if -(-height // down) * -(-width // across) > MOST_PIXELS:
        return conv2d(x, conv.weight, None, conv.stride)
    if conv.stride != (1, 1):
        x = x[:, :, ::down, ::across]
    # Channels come last in memory already; this only says so.
    product = linear(x.permute(0, 2, 3, 1), conv.weight.flatten(1))
    return product.permute(0, 3, 1, 2)
