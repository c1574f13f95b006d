"""The one description of a network's modules: constructor calls.

``build`` makes the calls; the export writes them out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from torch import nn

from nas.arch import (
    Architecture,
    Block,
    Chain,
    Concat,
    Hierarchical,
    Pool,
    StemConv,
    Sum,
    Unit,
)
from nas.nn import blocks, fusion, layers, units
from nas.nn.cost import needs_closing

UNIT_MODULES: Final[Mapping[str, type[nn.Module]]] = {
    "conv": units.ConvUnit,
    "basic": units.BasicUnit,
    "preact_basic": units.PreactBasicUnit,
    "bottleneck": units.BottleneckUnit,
    "preact_bottleneck": units.PreactBottleneckUnit,
    "separable": units.SeparableUnit,
    "inverted": units.InvertedUnit,
    "inception": units.InceptionUnit,
}
_ACTIVATIONS: Final[Mapping[str, type[nn.Module]]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "hardswish": nn.Hardswish,
}
_NORMS: Final[Mapping[str, type[nn.Module]]] = {
    "batch": nn.BatchNorm2d,
    "layer": layers.LayerNorm2d,
}
_EPS: Final = 1e-5  # torch's own default


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
    """A network's parts in the order data takes through them.

    ``blocks`` are grouped by stage when there is a ``fusion``. ``aux`` pairs the place
    of a block with the head on its output.
    """

    normalize: Call
    stem: Call
    blocks: tuple[Call, ...]
    fusion: Call | None
    head: Call
    aux: tuple[tuple[int, Call], ...]


def layout(
    architecture: Architecture,
    mean: tuple[float, ...] | None = None,
    std: tuple[float, ...] | None = None,
) -> Layout:
    """Return the constructor calls that make up an architecture's network.

    ``mean`` and ``std`` are those of each channel of images in [0, 1].
    """
    return _Layout(architecture).parts(mean, std)


class _Layout:
    def __init__(self, architecture: Architecture) -> None:
        self.architecture = architecture
        # What every module that normalises or activates is told, where it differs
        # from the modules' own defaults.
        self.norm: dict[str, Any] = {}
        self.act: dict[str, Any] = {}
        norm = architecture.norm
        if norm.kind != "batch" or norm.eps != _EPS:
            module: Any = _NORMS[norm.kind]
            if norm.eps != _EPS:
                module = Call(partial, (module,), {"eps": norm.eps})
            self.norm["norm"] = module
        if architecture.activation != "relu":
            self.act["act"] = _ACTIVATIONS[architecture.activation]
        self.both = self.norm | self.act

    def parts(
        self, mean: tuple[float, ...] | None, std: tuple[float, ...] | None
    ) -> Layout:
        architecture = self.architecture
        channels = architecture.input_shape[0]
        calls = [self._block(i) for i in range(len(architecture.blocks))]
        merge, width = self._fusion()
        if merge is not None:
            calls = self._by_stage(calls)
        dropout = architecture.dropout
        return Layout(
            normalize=Call(
                layers.Normalize,
                (list(mean or [0.0] * channels), list(std or [1.0] * channels)),
            ),
            stem=self._stem(),
            blocks=tuple(calls),
            fusion=merge,
            head=Call(
                layers.Head,
                (width, architecture.num_classes),
                {"dropout": dropout} if dropout else {},
            ),
            aux=tuple(self._aux()),
        )

    def _stem(self) -> Call:
        width = self.architecture.input_shape[0]
        calls = []
        for layer in self.architecture.stem:
            if isinstance(layer, StemConv):
                stride = _stride(layer.stride)
                if layer.norm:
                    kwargs = {"kernel": layer.kernel} | stride | self.both
                    args: tuple[int, ...] = (width, layer.width)
                    calls.append(Call(layers.ConvNormAct, args, kwargs))
                else:
                    args = (width, layer.width, layer.kernel)
                    calls.append(Call(layers.conv, args, stride))
                width = layer.width
            else:
                calls.append(_pool(layer))
        return calls[0] if len(calls) == 1 else Call(nn.Sequential, tuple(calls))

    def _block(self, i: int) -> Call:
        block, w_in = self.architecture.blocks[i], self.architecture.widths[i]
        call = self._aggregated(block, w_in)
        around = []
        if block.pool is not None:
            around.append(_pool(block.pool))
        around.append(call)
        if needs_closing(self.architecture, i):
            around.append(Call(layers.NormAct, (block.width,), self.both))
        return call if len(around) == 1 else Call(nn.Sequential, tuple(around))

    def _aggregated(self, block: Block, w_in: int) -> Call:
        widths = (w_in, block.width)
        stride = _stride(block.stride)
        preact = {"preact": True} if block.unit.preact else {}
        unit = {"unit": self._unit(block, w_in)}
        depth = {"depth": block.depth}
        match block.aggregation:
            case Chain():
                return Call(blocks.ChainBlock, widths, depth | unit | stride)
            case Sum(shortcut=shortcut, gain=gain):
                kwargs: dict[str, Any] = depth | unit | stride | preact
                if shortcut == "pad" and (block.stride > 1 or w_in != block.width):
                    kwargs["pad"] = True
                if gain != 1:
                    kwargs["gain"] = gain
                return Call(blocks.SumBlock, widths, kwargs | self.norm)
            case Concat(growth=growth, compress=compress):
                kwargs = depth | {"growth": growth} | unit | stride | preact
                if not compress:
                    return Call(blocks.ConcatBlock, widths, kwargs | {"compress": False})
                return Call(blocks.ConcatBlock, widths, kwargs | self.both)
            case Hierarchical(residual_root=residual_root, carry_input=carry_input):
                kwargs = {"levels": block.depth.bit_length() - 1} | unit | stride
                if residual_root:
                    kwargs["residual_root"] = True
                if not carry_input:
                    kwargs["carry_input"] = False
                kwargs |= preact | self.both
                return Call(blocks.HierarchicalBlock, widths, kwargs)

    def _unit(self, block: Block, w_in: int) -> Call:
        unit: Unit = block.unit
        kwargs: dict[str, Any] = {"kernel": unit.kernel}
        match unit.kind:
            case "bottleneck" | "preact_bottleneck" | "inception":
                kwargs |= unit.derived(*block.unit_widths(w_in)[0])
            case "inverted":
                kwargs["expansion"] = unit.expansion
                if unit.squeeze:
                    kwargs["squeeze"] = unit.squeeze
        if getattr(unit, "groups", 1) > 1:
            kwargs["groups"] = unit.groups
        return Call(partial, (UNIT_MODULES[unit.kind],), kwargs | self.both)

    def _fusion(self) -> tuple[Call | None, int]:
        """Return the fusion, if any, and the width that the head gets."""
        architecture = self.architecture
        widths = [architecture.widths[i + 1] for i in architecture.stage_ends]
        if architecture.fusion == "last" or len(widths) == 1:
            return None, widths[-1]
        if architecture.fusion == "concat":
            return Call(fusion.ConcatFusion), sum(widths)
        return Call(fusion.HierarchicalFusion, (widths,), self.both), widths[-1]

    def _by_stage(self, calls: list[Call]) -> list[Call]:
        stages, start = [], 0
        for end in self.architecture.stage_ends:
            stages.append(Call(nn.Sequential, tuple(calls[start : end + 1])))
            start = end + 1
        return stages

    def _aux(self) -> list[tuple[int, Call]]:
        found = []
        for head in self.architecture.aux:
            width = self.architecture.widths[head.after + 1]
            options = {
                "pool": head.pool,
                "width": head.width,
                "hidden": head.hidden,
                "dropout": head.dropout,
            }
            args = (width, self.architecture.num_classes)
            found.append((head.after, Call(layers.AuxHead, args, options | self.both)))
        return found


def _pool(pool: Pool) -> Call:
    module = nn.MaxPool2d if pool.type == "max" else nn.AvgPool2d
    kwargs: dict[str, Any] = {"stride": pool.stride}
    if pool.padded:
        kwargs["padding"] = pool.kernel // 2
    else:
        kwargs["ceil_mode"] = True
    return Call(module, (pool.kernel,), kwargs)


def _stride(stride: int) -> dict[str, int]:
    return {"stride": stride} if stride > 1 else {}


def _made(value: Any) -> Any:
    return value() if isinstance(value, Call) else value
