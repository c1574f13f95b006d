"""Blocks as modules: units in a row, summed, concatenated or merged in a tree.

``unit`` is any callable ``unit(w_in, w_out, stride)`` that gives a module to be called
as ``module(x)`` or ``module(x, residual)``. With ``preact`` units a block's own
convolutions come behind the norm and activation, too, and its output has neither.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from nas.nn.layers import (
    Act,
    ConvNormAct,
    Norm,
    NormActConv,
    conv,
)

Unit = Callable[[int, int, int], nn.Module]


def projection(
    w_in: int, w_out: int, stride: int, norm: Norm, preact: bool
) -> nn.Sequential:
    """Return what a shortcut needs to change its shape: nothing, or a convolution."""
    if stride == 1 and w_in == w_out:
        return nn.Sequential()
    if preact:
        return nn.Sequential(conv(w_in, w_out, 1, stride))
    return nn.Sequential(conv(w_in, w_out, 1, stride), norm(w_out))


class ChainBlock(nn.Sequential):
    """Units in a row, with nothing around them."""

    def __init__(
        self, w_in: int, w_out: int, depth: int, unit: Unit, stride: int = 1
    ) -> None:
        super().__init__(
            unit(w_in, w_out, stride),
            *(unit(w_out, w_out, 1) for _ in range(depth - 1)),
        )


class SumBlock(nn.Module):
    """Units in a row, each with a shortcut around it (ResNet, He et al. 2016)."""

    def __init__(
        self,
        w_in: int,
        w_out: int,
        depth: int,
        unit: Unit,
        stride: int = 1,
        shortcut: nn.Module | None = None,
        gain: float = 1.0,
        preact: bool = False,
        norm: Norm = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        self.units = nn.ModuleList(
            unit(w_out if i else w_in, w_out, 1 if i else stride) for i in range(depth)
        )
        if shortcut is None:
            shortcut = projection(w_in, w_out, stride, norm, preact)
        self.shortcut = shortcut
        if gain != 1:
            self.scale_last_norms(gain)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        residual = self.shortcut(x)
        for unit in self.units:
            x = residual = unit(x, residual)
        return x

    def scale_last_norms(self, gain: float) -> None:
        """Have the last norm of each unit start from a scale other than 1."""
        norms = (nn.BatchNorm2d, nn.GroupNorm)
        for unit in self.units:
            *_, last = (layer for layer in unit.modules() if isinstance(layer, norms))
            nn.init.constant_(last.weight, gain)


class ConcatBlock(nn.Module):
    """Units that see all earlier outputs (DenseNet, Huang et al. 2017).

    Each adds ``growth`` channels; with ``compress`` a 1 x 1 convolution brings what
    they come to down to ``w_out``.
    """

    def __init__(
        self,
        w_in: int,
        w_out: int,
        depth: int,
        growth: int,
        unit: Unit,
        stride: int = 1,
        compress: bool = True,
        preact: bool = False,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
    ) -> None:
        super().__init__()
        self.pool: nn.Module = nn.Identity()
        if stride > 1:
            self.pool = nn.AvgPool2d(stride, ceil_mode=True)
        self.units = nn.ModuleList(
            unit(w_in + i * growth, growth, 1) for i in range(depth)
        )
        grown = w_in + depth * growth
        self.compress: nn.Module = nn.Identity()
        if compress and preact:
            self.compress = NormActConv(grown, w_out, norm, act)
        elif compress:
            self.compress = ConvNormAct(grown, w_out, 1, norm=norm, act=act)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        features = [self.pool(x)]
        for unit in self.units:
            features.append(unit(torch.cat(features, dim=1)))
        return self.compress(torch.cat(features, dim=1))


class Root(nn.Module):
    """Aggregation node: a 1 x 1 convolution over the concatenated children."""

    def __init__(
        self, w_in: int, w_out: int, residual: bool, preact: bool, norm: Norm, act: Act
    ) -> None:
        super().__init__()
        self.before: nn.Module = nn.Identity()
        self.after: nn.Module = nn.Identity()
        self.act: nn.Module = nn.Identity()
        if preact:
            self.before = nn.Sequential(norm(w_in), act())
        self.conv = conv(w_in, w_out, 1)
        if not preact:
            self.after, self.act = norm(w_out), act()
        self.residual = residual

    def forward(self, children: list[Tensor]) -> Tensor:
        """Merge children (N, *, H, W), the latest first, into (N, w_out, H, W)."""
        y = self.after(self.conv(self.before(torch.cat(children, dim=1))))
        if self.residual:
            y = y + children[0]
        return self.act(y)


class Tree(nn.Module):
    """A binary tree: two units, or two smaller trees, one after the other.

    Its last root also merges what is carried to it, ``w_carried`` channels in all.
    ``root(w_in, w_out)`` makes a root, ``project(w_in, w_out, stride)`` a shortcut.
    """

    def __init__(
        self,
        w_in: int,
        w_out: int,
        levels: int,
        unit: Unit,
        root: Callable[[int, int], nn.Module],
        project: Callable[[int, int, int], nn.Module],
        stride: int = 1,
        w_carried: int = 0,
    ) -> None:
        super().__init__()
        self.levels = levels
        self.first: nn.Module
        self.second: nn.Module
        if levels > 1:
            parts = (levels - 1, unit, root, project)
            self.first = Tree(w_in, w_out, *parts, stride=stride)
            self.second = Tree(w_out, w_out, *parts, w_carried=w_carried + w_out)
        else:
            self.first = unit(w_in, w_out, stride)
            self.second = unit(w_out, w_out, 1)
            self.shortcut = project(w_in, w_out, 1)
            self.root = root(2 * w_out + w_carried, w_out)

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
        unit: Unit,
        stride: int = 1,
        residual_root: bool = False,
        carry_input: bool = True,
        preact: bool = False,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
    ) -> None:
        super().__init__()
        self.pool: nn.Module = nn.Identity()
        if stride > 1:
            self.pool = nn.MaxPool2d(stride, ceil_mode=True)
        self.carry_input = carry_input
        root = partial(Root, residual=residual_root, preact=preact, norm=norm, act=act)
        project = partial(projection, norm=norm, preact=preact)
        w_carried = w_in if carry_input else 0
        self.tree = Tree(w_in, w_out, levels, unit, root, project, stride, w_carried)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        pooled = self.pool(x)
        return self.tree(x, pooled, [pooled] if self.carry_input else [])
