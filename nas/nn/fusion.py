"""Fusion: how the outputs of all stages reach the head."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from nas.nn.layers import Act, ConvNormAct, Norm


class ConcatFusion(nn.Module):
    """Every stage's average over its positions, concatenated."""

    def forward(self, stages: list[Tensor]) -> Tensor:
        """Map stages (N, C_i, H_i, W_i) to (N, sum of C_i, 1, 1)."""
        means = [stage.mean(dim=(2, 3), keepdim=True) for stage in stages]
        return torch.cat(means, dim=1)


class HierarchicalFusion(nn.Module):
    """Stages merged one by one: iterative deep aggregation (Yu et al. 2018).

    What has been merged so far is pooled to the next stage's resolution; a 1 x 1
    convolution over both gives as many channels as that stage has.
    """

    def __init__(
        self, widths: list[int], norm: Norm = nn.BatchNorm2d, act: Act = nn.ReLU
    ) -> None:
        super().__init__()
        self.nodes = nn.ModuleList(
            ConvNormAct(merged + width, width, 1, norm=norm, act=act)
            for merged, width in pairwise(widths)
        )

    def forward(self, stages: list[Tensor]) -> Tensor:
        """Map stages (N, C_i, H_i, W_i) to the last one's shape."""
        merged = stages[0]
        for node, stage in zip(self.nodes, stages[1:], strict=True):
            pooled = nn.functional.adaptive_max_pool2d(merged, stage.shape[2:])
            merged = node(torch.cat([pooled, stage], dim=1))
        return merged
