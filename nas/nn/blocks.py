"""Blocks as modules: units whose outputs are summed, concatenated or merged in a tree.

``unit`` is any callable ``unit(w_in, w_out, stride)`` that gives a module to be called
as ``module(x)`` or ``module(x, residual)``.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from nas.nn.layers import ConvNormAct, conv


class SumBlock(nn.Module):
    """Units in a row, each with a shortcut around it (ResNet, He et al. 2016)."""

    def __init__(
        self,
        w_in: int,
        w_out: int,
        depth: int,
        unit: Callable[[int, int, int], nn.Module],
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.units = nn.ModuleList(
            unit(w_out if i else w_in, w_out, 1 if i else stride) for i in range(depth)
        )
        self.shortcut = nn.Sequential()
        if stride > 1 or w_in != w_out:
            self.shortcut.append(conv(w_in, w_out, 1, stride))
            self.shortcut.append(nn.BatchNorm2d(w_out))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        residual = self.shortcut(x)
        for unit in self.units:
            x = residual = unit(x, residual)
        return x


class ConcatBlock(nn.Module):
    """Units that see all earlier outputs (DenseNet, Huang et al. 2017).

    Each adds ``growth`` channels; a 1 x 1 convolution compresses what they come to.
    """

    def __init__(
        self,
        w_in: int,
        w_out: int,
        depth: int,
        growth: int,
        unit: Callable[[int, int, int], nn.Module],
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.pool = (
            nn.AvgPool2d(stride, ceil_mode=True) if stride > 1 else nn.Identity()
        )
        self.units = nn.ModuleList(
            unit(w_in + i * growth, growth, 1) for i in range(depth)
        )
        self.compress = ConvNormAct(w_in + depth * growth, w_out, kernel=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        features = [self.pool(x)]
        for unit in self.units:
            features.append(unit(torch.cat(features, dim=1)))
        return self.compress(torch.cat(features, dim=1))


class Root(nn.Module):
    """Aggregation node: a 1 x 1 convolution over the concatenated children."""

    def __init__(self, w_in: int, w_out: int, residual: bool = False) -> None:
        super().__init__()
        self.conv = conv(w_in, w_out, 1)
        self.norm = nn.BatchNorm2d(w_out)
        self.act = nn.ReLU()
        self.residual = residual

    def forward(self, children: list[Tensor]) -> Tensor:
        """Merge children (N, *, H, W), the latest first, into (N, w_out, H, W)."""
        y = self.norm(self.conv(torch.cat(children, dim=1)))
        if self.residual:
            y = y + children[0]
        return self.act(y)


class Tree(nn.Module):
    """A binary tree: two units, or two smaller trees, one after the other.

    Its last root also merges what is carried to it, ``w_carried`` channels in all.
    """

    def __init__(
        self,
        w_in: int,
        w_out: int,
        levels: int,
        unit: Callable[[int, int, int], nn.Module],
        stride: int = 1,
        residual_root: bool = False,
        w_carried: int = 0,
    ) -> None:
        super().__init__()
        self.levels = levels
        self.first: nn.Module
        self.second: nn.Module
        if levels > 1:
            self.first = Tree(w_in, w_out, levels - 1, unit, stride, residual_root)
            w_carried += w_out
            self.second = Tree(
                w_out, w_out, levels - 1, unit, 1, residual_root, w_carried
            )
        else:
            self.first = unit(w_in, w_out, stride)
            self.second = unit(w_out, w_out, 1)
            self.shortcut = nn.Sequential()
            if w_in != w_out:
                self.shortcut.append(conv(w_in, w_out, 1))
                self.shortcut.append(nn.BatchNorm2d(w_out))
            self.root = Root(2 * w_out + w_carried, w_out, residual_root)

    def forward(self, x: Tensor, pooled: Tensor, carried: list[Tensor]) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride).

        ``pooled`` is ``x`` at the output's resolution, ``carried`` earlier outputs.
        """
        if self.levels > 1:
            first = self.first(x, pooled, [])
            return self.second(first, first, [*carried, first])
        first = self.first(x, self.shortcut(pooled))
        second = self.second(first, first)
        return self.root([second, first, *carried])


class HierarchicalBlock(nn.Module):
    """A tree of 2^levels residual units and aggregation nodes (DLA, Yu et al. 2018).

    With ``carry_input`` the last node also sees the block's input.
    """

    def __init__(
        self,
        w_in: int,
        w_out: int,
        levels: int,
        unit: Callable[[int, int, int], nn.Module],
        stride: int = 1,
        residual_root: bool = False,
        carry_input: bool = True,
    ) -> None:
        super().__init__()
        self.pool = (
            nn.MaxPool2d(stride, ceil_mode=True) if stride > 1 else nn.Identity()
        )
        w_carried = w_in if carry_input else 0
        self.tree = Tree(w_in, w_out, levels, unit, stride, residual_root, w_carried)
        self.carry_input = carry_input

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        pooled = self.pool(x)
        return self.tree(x, pooled, [pooled] if self.carry_input else [])
