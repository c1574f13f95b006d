"""Units as modules: ``unit(w_in, w_out, stride)``, called with an optional residual.

A unit adds the residual itself, where its order of norm and activation wants it, so
that every block can use any unit.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from nas.nn.layers import Act, ConvNormAct, Norm, conv


class ConvUnit(nn.Module):
    """One k x k convolution, normalised (Simonyan & Zisserman 2015)."""

    def __init__(
        self,
        w_in: int,
        w_out: int,
        stride: int = 1,
        kernel: int = 3,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
    ) -> None:
        super().__init__()
        self.conv = conv(w_in, w_out, kernel, stride)
        self.norm = norm(w_out)
        self.act = act()

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        y = self.norm(self.conv(x))
        if residual is not None:
            y = y + residual
        return self.act(y)


class BasicUnit(nn.Module):
    """Two k x k convolutions, each normalised (He et al. 2016)."""

    def __init__(
        self,
        w_in: int,
        w_out: int,
        stride: int = 1,
        kernel: int = 3,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
    ) -> None:
        super().__init__()
        self.conv1 = conv(w_in, w_out, kernel, stride)
        self.norm1 = norm(w_out)
        self.conv2 = conv(w_out, w_out, kernel)
        self.norm2 = norm(w_out)
        self.act = act()

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        y = self.act(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        if residual is not None:
            y = y + residual
        return self.act(y)


class PreactBasicUnit(nn.Module):
    """Two k x k convolutions, each behind a norm and activation (He et al. 2016b)."""

    def __init__(
        self,
        w_in: int,
        w_out: int,
        stride: int = 1,
        kernel: int = 3,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
    ) -> None:
        super().__init__()
        self.norm1 = norm(w_in)
        self.conv1 = conv(w_in, w_out, kernel, stride)
        self.norm2 = norm(w_out)
        self.conv2 = conv(w_out, w_out, kernel)
        self.act = act()

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        y = self.conv1(self.act(self.norm1(x)))
        y = self.conv2(self.act(self.norm2(y)))
        return y if residual is None else y + residual


class BottleneckUnit(nn.Module):
    """1 x 1 to a hidden width, k x k there, 1 x 1 to the output (He et al. 2016)."""

    def __init__(
        self,
        w_in: int,
        w_out: int,
        stride: int = 1,
        *,
        hidden: int,
        kernel: int = 3,
        groups: int = 1,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
    ) -> None:
        super().__init__()
        self.conv1 = conv(w_in, hidden, 1)
        self.norm1 = norm(hidden)
        self.conv2 = conv(hidden, hidden, kernel, stride, groups)
        self.norm2 = norm(hidden)
        self.conv3 = conv(hidden, w_out, 1)
        self.norm3 = norm(w_out)
        self.act = act()

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        y = self.act(self.norm1(self.conv1(x)))
        y = self.act(self.norm2(self.conv2(y)))
        y = self.norm3(self.conv3(y))
        if residual is not None:
            y = y + residual
        return self.act(y)


class PreactBottleneckUnit(nn.Module):
    """1 x 1 to a hidden width, then k x k, preactivated (Huang et al. 2017)."""

    def __init__(
        self,
        w_in: int,
        w_out: int,
        stride: int = 1,
        *,
        hidden: int,
        kernel: int = 3,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
    ) -> None:
        super().__init__()
        self.norm1 = norm(w_in)
        self.conv1 = conv(w_in, hidden, 1)
        self.norm2 = norm(hidden)
        self.conv2 = conv(hidden, w_out, kernel, stride)
        self.act = act()

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        y = self.conv1(self.act(self.norm1(x)))
        y = self.conv2(self.act(self.norm2(y)))
        return y if residual is None else y + residual


class SeparableUnit(nn.Module):
    """A depthwise k x k, then a 1 x 1 convolution (Howard et al. 2017)."""

    def __init__(
        self,
        w_in: int,
        w_out: int,
        stride: int = 1,
        kernel: int = 3,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
    ) -> None:
        super().__init__()
        self.depthwise = conv(w_in, w_in, kernel, stride, groups=w_in)
        self.norm1 = norm(w_in)
        self.pointwise = conv(w_in, w_out, 1)
        self.norm2 = norm(w_out)
        self.act = act()

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        y = self.act(self.norm1(self.depthwise(x)))
        y = self.norm2(self.pointwise(y))
        if residual is not None:
            y = y + residual
        return self.act(y)


class SqueezeExcite(nn.Module):
    """Weigh each channel by what all positions say together (Hu et al. 2018)."""

    def __init__(self, width: int, squeezed: int, act: Act = nn.ReLU) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(width, squeezed, 1)
        self.act = act()
        self.expand = nn.Conv2d(squeezed, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        weights = self.act(self.reduce(x.mean(dim=(2, 3), keepdim=True)))
        return x * torch.sigmoid(self.expand(weights))


class InvertedUnit(nn.Module):
    """1 x 1 to a wider hidden width, depthwise k x k, 1 x 1 (Sandler et al. 2018)."""

    def __init__(
        self,
        w_in: int,
        w_out: int,
        stride: int = 1,
        kernel: int = 3,
        expansion: float = 4.0,
        squeeze: float = 0.0,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
    ) -> None:
        super().__init__()
        hidden = max(1, round(w_in * expansion))
        self.expand = nn.Sequential()
        if hidden != w_in:
            self.expand = ConvNormAct(w_in, hidden, 1, norm=norm, act=act)
        self.depthwise = conv(hidden, hidden, kernel, stride, groups=hidden)
        self.norm1 = norm(hidden)
        self.act = act()
        self.excite = nn.Sequential()
        if squeeze:
            squeezed = max(1, round(w_in * squeeze))
            self.excite.append(SqueezeExcite(hidden, squeezed, act))
        self.project = conv(hidden, w_out, 1)
        self.norm2 = norm(w_out)

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        y = self.act(self.norm1(self.depthwise(self.expand(x))))
        y = self.norm2(self.project(self.excite(y)))
        return y if residual is None else y + residual


class InceptionUnit(nn.Module):
    """Four branches side by side: 1 x 1, 3 x 3, k x k, pooling (Szegedy et al. 2015).

    ``branches`` are their widths in the order of the paper: 1 x 1, reduction and 3 x 3,
    reduction and k x k, pooling. The residual, if any, is added to their concatenation.
    """

    def __init__(
        self,
        w_in: int,
        w_out: int,
        stride: int = 1,
        *,
        branches: tuple[int, int, int, int, int, int],
        kernel: int = 5,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
    ) -> None:
        super().__init__()
        conv1, reduce3, conv3, reducek, convk, pool = branches
        assert w_out == conv1 + conv3 + convk + pool, "branches share the output"

        def layer(w_in: int, w_out: int, kernel: int, stride: int = 1) -> nn.Module:
            """Return a convolution with this unit's norm and activation."""
            return ConvNormAct(w_in, w_out, kernel, stride, norm, act)

        self.branch1 = layer(w_in, conv1, 1, stride)
        self.branch2 = nn.Sequential(
            layer(w_in, reduce3, 1), layer(reduce3, conv3, 3, stride)
        )
        self.branch3 = nn.Sequential(
            layer(w_in, reducek, 1), layer(reducek, convk, kernel, stride)
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride, padding=1), layer(w_in, pool, 1)
        )

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        branches = [self.branch1, self.branch2, self.branch3, self.branch4]
        y = torch.cat([branch(x) for branch in branches], dim=1)
        return y if residual is None else y + residual


class WithResidual(nn.Module):
    """A module that knows of no residual, as a unit to which it is added."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        y = self.module(x)
        return y if residual is None else y + residual


def with_residual(
    module: Callable[..., nn.Module],
    w_in: int,
    w_out: int,
    stride: int = 1,
    **options: float | str,
) -> nn.Module:
    """Make a unit of any module that is called as module(w_in, w_out, stride)."""
    return WithResidual(module(w_in, w_out, stride, **options))
