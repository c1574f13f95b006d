"""A whole network, and how an architecture becomes one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from nas.arch import (
    Architecture,
    Basic,
    Block,
    Bottleneck,
    Concat,
    Hierarchical,
    Separable,
    Sum,
    Unit,
)
from nas.nn.blocks import ConcatBlock, HierarchicalBlock, SumBlock
from nas.nn.layers import ConvNormAct, Head, Normalize
from nas.nn.units import BasicUnit, BottleneckUnit, SeparableUnit


class Network(nn.Module):
    """Normalise, stem, blocks in a row, head: images (N, C, H, W) to logits."""

    def __init__(
        self,
        normalize: nn.Module,
        stem: nn.Module,
        blocks: list[nn.Module],
        head: nn.Module,
    ) -> None:
        super().__init__()
        self.normalize = normalize
        self.stem = stem
        self.blocks = nn.Sequential(*blocks)
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, C, H, W) in [0, 1] to logits (N, classes)."""
        x = self.stem(self.normalize(x))
        return self.head(self.blocks(x))


@dataclass(frozen=True, slots=True)
class Call:
    """A constructor call, to be made by ``build`` or written out by the export."""

    function: Callable[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self) -> Any:
        """Make the call, and the calls among its arguments."""
        args = [_made(value) for value in self.args]
        kwargs = {name: _made(value) for name, value in self.kwargs.items()}
        return self.function(*args, **kwargs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The one description of a network's modules, for building and for export."""

    normalize: Call
    stem: Call
    blocks: tuple[Call, ...]
    head: Call


def layout(
    architecture: Architecture,
    mean: tuple[float, ...] | None = None,
    std: tuple[float, ...] | None = None,
) -> Layout:
    """Return the constructor calls that make up an architecture's network.

    ``mean`` and ``std`` are those of each channel of images in [0, 1].
    """
    channels = architecture.input_shape[0]
    stem = architecture.stem
    blocks = []
    width = stem.width
    for block in architecture.blocks:
        blocks.append(_block(block, width))
        width = block.width
    return Layout(
        normalize=Call(
            Normalize, (list(mean or [0.0] * channels), list(std or [1.0] * channels))
        ),
        stem=Call(
            ConvNormAct,
            (channels, stem.width),
            {"kernel": stem.kernel} | _stride(stem.stride),
        ),
        blocks=tuple(blocks),
        head=Call(Head, (width, architecture.num_classes)),
    )


def build(
    architecture: Architecture,
    mean: tuple[float, ...] | None = None,
    std: tuple[float, ...] | None = None,
    seed: int | None = None,
) -> Network:
    """Return the network of an architecture, its weights drawn from ``seed``.

    The weights depend on the seed alone, not on torch's global state, which stays as
    it was; without a seed they are drawn from that state.
    """
    parts = layout(architecture, mean, std)
    with torch.random.fork_rng(devices=[], enabled=seed is not None):
        if seed is not None:
            torch.default_generator.manual_seed(seed)  # and no device's
        network = Network(
            parts.normalize(),
            parts.stem(),
            [call() for call in parts.blocks],
            parts.head(),
        )
        network.apply(_initialize)
    return network


def _initialize(module: nn.Module) -> None:
    """Draw convolutions as He et al. 2015, keeping the gradients' variance."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def _block(block: Block, w_in: int) -> Call:
    unit = _unit(block.unit)
    stride = _stride(block.stride)
    widths = (w_in, block.width)
    match block.aggregation:
        case Sum():
            return Call(SumBlock, widths, {"depth": block.depth, "unit": unit} | stride)
        case Concat(growth=growth):
            kwargs = {"depth": block.depth, "growth": growth, "unit": unit}
            return Call(ConcatBlock, widths, kwargs | stride)
        case Hierarchical(residual_root=residual_root, carry_input=carry_input):
            kwargs = {"levels": block.depth.bit_length() - 1, "unit": unit} | stride
            if residual_root:
                kwargs["residual_root"] = True
            if not carry_input:
                kwargs["carry_input"] = False
            return Call(HierarchicalBlock, widths, kwargs)


def _unit(unit: Unit) -> Call:
    match unit:
        case Basic(kernel=kernel):
            return Call(partial, (BasicUnit,), {"kernel": kernel})
        case Bottleneck(kernel=kernel, ratio=ratio):
            kwargs = {"kernel": kernel, "ratio": ratio}
            return Call(partial, (BottleneckUnit,), kwargs)
        case Separable(kernel=kernel):
            return Call(partial, (SeparableUnit,), {"kernel": kernel})


def _stride(stride: int) -> dict[str, int]:
    return {"stride": stride} if stride > 1 else {}


def _made(value: Any) -> Any:
    return value() if isinstance(value, Call) else value
