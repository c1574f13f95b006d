"""Layers that the units and blocks share."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

Norm = Callable[[int], nn.Module]
Act = Callable[[], nn.Module]


def conv(
    w_in: int, w_out: int, kernel: int, stride: int = 1, groups: int = 1
) -> nn.Conv2d:
    """Return a convolution without bias whose padding keeps the resolution."""
    return nn.Conv2d(
        w_in, w_out, kernel, stride, padding=kernel // 2, groups=groups, bias=False
    )


class ConvNormAct(nn.Sequential):
    """A convolution, a norm and an activation."""

    def __init__(
        self,
        w_in: int,
        w_out: int,
        kernel: int,
        stride: int = 1,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
    ) -> None:
        super().__init__(conv(w_in, w_out, kernel, stride), norm(w_out), act())


class NormAct(nn.Sequential):
    """A norm and an activation, behind preactivated units."""

    def __init__(
        self, width: int, norm: Norm = nn.BatchNorm2d, act: Act = nn.ReLU
    ) -> None:
        super().__init__(norm(width), act())


class NormActConv(nn.Sequential):
    """A norm, an activation and a 1 x 1 convolution."""

    def __init__(
        self, w_in: int, w_out: int, norm: Norm = nn.BatchNorm2d, act: Act = nn.ReLU
    ) -> None:
        super().__init__(norm(w_in), act(), conv(w_in, w_out, 1))


class PadShortcut(nn.Module):
    """Every ``stride``-th position, filled up with zeros to ``w_out`` channels."""

    def __init__(self, w_in: int, w_out: int, stride: int) -> None:
        super().__init__()
        self.extra = w_out - w_in
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        x = x[:, :, :: self.stride, :: self.stride]
        return nn.functional.pad(x, (0, 0, 0, 0, 0, self.extra))


class LayerNorm2d(nn.GroupNorm):
    """Normalise each image over its channels and positions."""

    def __init__(self, width: int, eps: float = 1e-5) -> None:
        super().__init__(1, width, eps)


class Normalize(nn.Module):
    """Shift and scale images from [0, 1] to zero mean and unit deviation."""

    mean: Tensor
    std: Tensor

    def __init__(self, mean: list[float], std: list[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, C, H, W) in [0, 1] to what the network is trained on."""
        return (x - self.mean) / self.std


class Head(nn.Module):
    """Average over all positions, then one linear layer to the classes."""

    def __init__(self, w_in: int, num_classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(w_in, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (N, C, H, W) to logits (N, classes)."""
        return self.fc(self.dropout(x.mean(dim=(2, 3))))


class AuxHead(nn.Module):
    """A classifier on features of the middle of a network, for training only."""

    def __init__(
        self,
        w_in: int,
        num_classes: int,
        pool: int = 1,
        width: int = 0,
        hidden: int = 0,
        dropout: float = 0.0,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.AdaptiveAvgPool2d(pool))
        if width:
            self.layers.append(ConvNormAct(w_in, width, 1, norm=norm, act=act))
        self.layers.append(nn.Flatten())
        w_flat = (width or w_in) * pool * pool
        if hidden:
            self.layers.append(nn.Linear(w_flat, hidden))
            self.layers.append(act())
            self.layers.append(nn.Dropout(dropout))
        self.layers.append(nn.Linear(hidden or w_flat, num_classes))

    def forward(self, x: Tensor) -> Tensor:
        """Map features (N, C, H, W) to logits (N, classes)."""
        return self.layers(x)
