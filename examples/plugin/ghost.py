"""A unit and an aggregation of one's own, for ghost.yaml."""

import torch
from torch import Tensor, nn


class Ghost(nn.Module):
    """Half of the channels by a 1 x 1 convolution, half cheaply from those.

    After the ghost module of Han et al. 2020.
    """

    def __init__(self, w_in: int, w_out: int, stride: int = 1, kernel: int = 3) -> None:
        super().__init__()
        cheap = w_out // 2
        dear = w_out - cheap
        self.dear = nn.Sequential(
            nn.Conv2d(w_in, dear, 1, stride, bias=False),
            nn.BatchNorm2d(dear),
            nn.ReLU(),
        )
        groups = cheap if cheap == dear else 1
        self.cheap = nn.Sequential(
            nn.Conv2d(
                dear, cheap, kernel, padding=kernel // 2, groups=groups, bias=False
            ),
            nn.BatchNorm2d(cheap),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        y = self.dear(x)
        return torch.cat([y, self.cheap(y)], dim=1)


class Mean(nn.Module):
    """Units in a row, and the mean of all their outputs."""

    def __init__(self, w_in, w_out, depth, unit, stride=1) -> None:
        super().__init__()
        self.units = nn.ModuleList(
            unit(w_out if i else w_in, w_out, 1 if i else stride) for i in range(depth)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        outputs = []
        for unit in self.units:
            x = unit(x)
            outputs.append(x)
        return torch.stack(outputs).mean(dim=0)
