"""1x1 convolutions as products of matrices, which on a CPU take less time.

For small images what oneDNN does around a convolution takes longer than the
convolution: up to a side of 14, forward and backward take 0.5 to 1.0 of the time as a
product, in float32 and bfloat16 (``benchmarks/convolutions.py``).
"""

from typing import Final, final

from torch import Tensor, nn
from torch.nn.functional import conv2d, linear

MOST_PIXELS: Final = 14 * 14
"""Of the output; the convolution is as fast for larger images."""


@final
class PointwiseConv2d(nn.Conv2d):
    """A 1x1 convolution without bias; outputs are torch's up to rounding."""

    @staticmethod
    def takes(conv: nn.Conv2d) -> bool:
        """Return whether a convolution is one that this can compute."""
        return (
            conv.kernel_size == (1, 1)
            and conv.groups == 1
            and conv.padding == (0, 0)
            and conv.bias is None
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs (N, K, H', W') for inputs (N, C, H, W)."""
        down, across = self.stride
        height, width = x.shape[2:]
        if -(-height // down) * -(-width // across) > MOST_PIXELS:
            return conv2d(x, self.weight, None, self.stride)
        if self.stride != (1, 1):
            x = x[:, :, ::down, ::across]
        # Channels come last in memory already; this only says so.
        product = linear(x.permute(0, 2, 3, 1), self.weight.flatten(1))
        return product.permute(0, 3, 1, 2)
