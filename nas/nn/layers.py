"""Layers that the units and blocks share."""

import torch
from torch import Tensor, nn


def conv(
    w_in: int, w_out: int, kernel: int, stride: int = 1, groups: int = 1
) -> nn.Conv2d:
    """Return a convolution without bias whose padding keeps the resolution."""
    return nn.Conv2d(
        w_in, w_out, kernel, stride, padding=kernel // 2, groups=groups, bias=False
    )


class ConvNormAct(nn.Sequential):
    """A convolution, batch normalisation and ReLU."""

    def __init__(self, w_in: int, w_out: int, kernel: int, stride: int = 1) -> None:
        super().__init__(
            conv(w_in, w_out, kernel, stride), nn.BatchNorm2d(w_out), nn.ReLU()
        )


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

    def __init__(self, w_in: int, num_classes: int) -> None:
        super().__init__()
        self.fc = nn.Linear(w_in, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (N, C, H, W) to logits (N, classes)."""
        return self.fc(x.mean(dim=(2, 3)))
