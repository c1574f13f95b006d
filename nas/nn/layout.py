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
    AuxHead,
    Block,
    Bottleneck,
    Chain,
    Concat,
    CustomAggregation,
    CustomUnit,
    Hierarchical,
    Inception,
    Inverted,
    Pool,
    PreactBottleneck,
    Sum,
    Unit,
)
from nas.nn import blocks, fusion, layers, units
from nas.nn.cost import needs_closing
from nas.nn.plugins import plugin_class, takes_residual

_UNITS: Final[Mapping[str, type[nn.Module]]] = {
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
    style = _style(architecture)
    channels, dropout = architecture.input_shape[0], architecture.dropout
    calls = [_block(architecture, i, style) for i in range(len(architecture.blocks))]
    merge, width = _fusion(architecture, style)
    if merge is not None:
        calls = _by_stage(architecture, calls)
    return Layout(
        normalize=Call(
            layers.Normalize,
            (list(mean or [0.0] * channels), list(std or [1.0] * channels)),
        ),
        stem=_stem(architecture, style),
        blocks=tuple(calls),
        fusion=merge,
        head=Call(
            layers.Head,
            (width, architecture.num_classes),
            {"dropout": dropout} if dropout else {},
        ),
        aux=tuple(
            (head.after, _aux(architecture, head, style)) for head in architecture.aux
        ),
    )


@dataclass(frozen=True, slots=True)
class Style:
    """What modules that normalise or activate are told, where it is no default."""

    norm: dict[str, Any] = field(default_factory=dict)
    act: dict[str, Any] = field(default_factory=dict)

    @property
    def both(self) -> dict[str, Any]:
        """The keyword arguments of a module that does both."""
        return {**self.norm, **self.act}


def block_call(block: Block, w_in: int, style: Style | None = None) -> Call:
    """Return the call of a block, without its pool and closing norm."""
    style = style or Style()
    widths = (w_in, block.width)
    unit, stride = _unit(block, w_in, style), _stride(block.stride)
    kwargs: dict[str, Any] = {"depth": block.depth, "unit": unit} | stride
    preact = {"preact": True} if block.unit.preact else {}
    match block.aggregation:
        case Chain():
            return Call(blocks.ChainBlock, widths, kwargs)
        case Sum(shortcut=shortcut, gain=gain):
            if shortcut == "pad" and (block.stride > 1 or w_in != block.width):
                args = (*widths, block.stride)
                kwargs["shortcut"] = Call(layers.PadShortcut, args)
            if gain != 1:
                kwargs["gain"] = gain
            return Call(blocks.SumBlock, widths, kwargs | preact | style.norm)
        case Concat(growth=growth, compress=compress):
            kwargs = {"depth": block.depth, "growth": growth, "unit": unit} | stride
            if compress:
                return Call(blocks.ConcatBlock, widths, kwargs | preact | style.both)
            return Call(blocks.ConcatBlock, widths, kwargs | {"compress": False})
        case Hierarchical(residual_root=residual_root, carry_input=carry_input):
            levels = block.depth.bit_length() - 1
            kwargs = {"levels": levels, "unit": unit} | stride
            if residual_root:
                kwargs["residual_root"] = True
            if not carry_input:
                kwargs["carry_input"] = False
            kwargs |= preact | style.both
            return Call(blocks.HierarchicalBlock, widths, kwargs)
        case CustomAggregation() as custom:
            options = dict(custom.options)
            return Call(plugin_class(custom), widths, kwargs | options)


def _unit(block: Block, w_in: int, style: Style) -> Call:
    unit: Unit = block.unit
    if isinstance(unit, CustomUnit):
        cls = plugin_class(unit)
        args = (cls,) if takes_residual(cls) else (units.with_residual, cls)
        return Call(partial, args, dict(unit.options))
    kwargs: dict[str, Any] = {"kernel": unit.kernel}
    match unit:
        case Inception():
            derived = unit.derived(*block.unit_widths(w_in)[0])
            kwargs["branches"] = tuple(derived[name] for name in unit.relative)
        case Bottleneck() | PreactBottleneck():
            kwargs |= unit.derived(*block.unit_widths(w_in)[0])
        case Inverted(expansion=expansion, squeeze=squeeze):
            kwargs["expansion"] = expansion
            if squeeze:
                kwargs["squeeze"] = squeeze
    if isinstance(unit, Bottleneck) and unit.groups > 1:
        kwargs["groups"] = unit.groups
    return Call(partial, (_UNITS[unit.kind],), kwargs | style.both)


def _style(architecture: Architecture) -> Style:
    norm, act = {}, {}
    if architecture.norm.kind != "batch" or architecture.norm.eps != _EPS:
        module: Any = _NORMS[architecture.norm.kind]
        if architecture.norm.eps != _EPS:
            module = Call(partial, (module,), {"eps": architecture.norm.eps})
        norm["norm"] = module
    if architecture.activation != "relu":
        act["act"] = _ACTIVATIONS[architecture.activation]
    return Style(norm, act)


def _block(architecture: Architecture, i: int, style: Style) -> Call:
    """Return the call of a block with the pool ahead of it and what closes it."""
    block = architecture.blocks[i]
    calls = [block_call(block, architecture.widths[i], style)]
    if block.pool is not None:
        calls.insert(0, _pool(block.pool))
    if needs_closing(architecture, i):
        calls.append(Call(layers.NormAct, (block.width,), style.both))
    return _in_a_row(calls)


def _stem(architecture: Architecture, style: Style) -> Call:
    width = architecture.input_shape[0]
    calls = []
    for layer in architecture.stem:
        if isinstance(layer, Pool):
            calls.append(_pool(layer))
            continue
        stride = _stride(layer.stride)
        if layer.norm:
            kwargs = {"kernel": layer.kernel} | stride | style.both
            calls.append(Call(layers.ConvNormAct, (width, layer.width), kwargs))
        else:
            args = (width, layer.width, layer.kernel)
            calls.append(Call(layers.conv, args, stride))
        width = layer.width
    return _in_a_row(calls)


def _fusion(architecture: Architecture, style: Style) -> tuple[Call | None, int]:
    """Return the fusion, if any, and the width that the head gets."""
    widths = [architecture.widths[i + 1] for i in architecture.stage_ends]
    if architecture.fusion == "last" or len(widths) == 1:
        return None, widths[-1]
    if architecture.fusion == "concat":
        return Call(fusion.ConcatFusion), sum(widths)
    return Call(fusion.HierarchicalFusion, (widths,), style.both), widths[-1]


def _by_stage(architecture: Architecture, calls: list[Call]) -> list[Call]:
    stages, start = [], 0
    for end in architecture.stage_ends:
        stages.append(_in_a_row(calls[start : end + 1]))
        start = end + 1
    return stages


def _aux(architecture: Architecture, head: AuxHead, style: Style) -> Call:
    options: dict[str, Any] = {}
    for name in ("pool", "width", "hidden", "dropout"):
        options[name] = getattr(head, name)
    widths = (architecture.widths[head.after + 1], architecture.num_classes)
    return Call(layers.AuxHead, widths, options | style.both)


def _in_a_row(calls: list[Call]) -> Call:
    return calls[0] if len(calls) == 1 else Call(nn.Sequential, tuple(calls))


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
