"""Units as modules: ``unit(w_in, w_out, stride)``, called with an optional residual.

A unit adds the residual itself, ahead of its last activation, so that sum, concat and
hierarchical blocks can all use any unit.
"""

from torch import Tensor, nn

from nas.nn.layers import conv


class BasicUnit(nn.Module):
    """Two k x k convolutions, each normalised (He et al. 2016)."""

    def __init__(self, w_in: int, w_out: int, stride: int = 1, kernel: int = 3) -> None:
        super().__init__()
        self.conv1 = conv(w_in, w_out, kernel, stride)
        self.norm1 = nn.BatchNorm2d(w_out)
        self.conv2 = conv(w_out, w_out, kernel)
        self.norm2 = nn.BatchNorm2d(w_out)
        self.act = nn.ReLU()

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        y = self.act(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        if residual is not None:
            y = y + residual
        return self.act(y)


class BottleneckUnit(nn.Module):
    """1 x 1 to a hidden width, k x k there, 1 x 1 to the output (He et al. 2016)."""

    def __init__(
        self,
        w_in: int,
        w_out: int,
        stride: int = 1,
        kernel: int = 3,
        ratio: float = 0.25,
    ) -> None:
        super().__init__()
        hidden = max(1, round(w_out * ratio))
        self.conv1 = conv(w_in, hidden, 1)
        self.norm1 = nn.BatchNorm2d(hidden)
        self.conv2 = conv(hidden, hidden, kernel, stride)
        self.norm2 = nn.BatchNorm2d(hidden)
        self.conv3 = conv(hidden, w_out, 1)
        self.norm3 = nn.BatchNorm2d(w_out)
        self.act = nn.ReLU()

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        y = self.act(self.norm1(self.conv1(x)))
        y = self.act(self.norm2(self.conv2(y)))
        y = self.norm3(self.conv3(y))
        if residual is not None:
            y = y + residual
        return self.act(y)


class SeparableUnit(nn.Module):
    """A depthwise k x k, then a 1 x 1 convolution (Howard et al. 2017)."""

    def __init__(self, w_in: int, w_out: int, stride: int = 1, kernel: int = 3) -> None:
        super().__init__()
        self.depthwise = conv(w_in, w_in, kernel, stride, groups=w_in)
        self.norm1 = nn.BatchNorm2d(w_in)
        self.pointwise = conv(w_in, w_out, 1)
        self.norm2 = nn.BatchNorm2d(w_out)
        self.act = nn.ReLU()

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        y = self.act(self.norm1(self.depthwise(x)))
        y = self.norm2(self.pointwise(y))
        if residual is not None:
            y = y + residual
        return self.act(y)
