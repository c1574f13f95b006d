"""Units and aggregations of the user's own: loaded, checked and counted.

A unit is a class called as ``Unit(w_in, w_out, stride, **options)`` that maps
(N, w_in, H, W) to (N, w_out, ceil(H / stride), ceil(W / stride)); one that takes a
second argument in ``forward`` is handed the residual, to any other it is added. An
aggregation is called as ``Aggregation(w_in, w_out, depth, unit, stride, **options)``.
"""

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType
from typing import Any

import torch
from torch import nn

from nas.arch import Block, CustomAggregation, CustomUnit, Plugin
from nas.errors import SpecError, one_line
from nas.nn.cost import Cost
from nas.nn.measure import measure
from nas.nn.units import BasicUnit

Custom = CustomUnit | CustomAggregation


def plugin_class(custom: Custom) -> type[nn.Module]:
    """Return the class of a custom unit or aggregation.

    Raises:
        SpecError: when the file cannot be imported or has no such module class.
    """
    module = _module(custom.plugin)
    cls = getattr(module, custom.name, None)
    if not isinstance(cls, type) or not issubclass(cls, nn.Module):
        names = ", ".join(module_classes(custom.plugin)) or "none"
        raise SpecError(
            f"{custom.plugin.path}: has no nn.Module class {custom.name!r}; "
            f"it has {names}"
        )
    return cls


def module_classes(plugin: Plugin) -> dict[str, type[nn.Module]]:
    """Return the nn.Module classes that a plugin defines, by name.

    Raises:
        SpecError: when the file cannot be imported.
    """
    module = _module(plugin)
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, nn.Module)
        and value.__module__ == module.__name__
    }


def takes_residual(cls: type[nn.Module]) -> bool:
    """Tell whether a unit's ``forward`` takes a residual beside its input."""
    parameters = list(inspect.signature(cls.forward).parameters.values())[2:]
    return any(
        p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters
    )


def check_unit(custom: CustomUnit) -> None:
    """Try a custom unit out on the meta device.

    Raises:
        SpecError: pointing at the user's file and line.
    """
    cls = plugin_class(custom)
    options = dict(custom.options)
    for w_in, w_out, stride in ((8, 8, 1), (8, 16, 1), (8, 16, 2)):
        _check(
            custom, cls, lambda a, b, s: cls(a, b, s, **options), w_in, w_out, stride
        )


def check_aggregation(custom: CustomAggregation, depth: int) -> None:
    """Try a custom aggregation out on the meta device, with basic units.

    Raises:
        SpecError: pointing at the user's file and line.
    """
    cls = plugin_class(custom)
    options = dict(custom.options)

    def make(w_in: int, w_out: int, stride: int) -> nn.Module:
        return cls(w_in, w_out, depth, BasicUnit, stride, **options)

    for w_in, w_out, stride in ((8, 8, 1), (8, 16, 1), (8, 16, 2)):
        _check(custom, cls, make, w_in, w_out, stride)


def measured_block(block: Block, w_in: int, size_in: tuple[int, int]) -> Cost:
    """Return what a block with something custom costs, measured on the meta device.

    Its pool is left out: ``size_in`` is the resolution behind it.

    Raises:
        SpecError: pointing at the user's file and line.
    """
    from nas.nn.layout import block_call

    custom: Custom
    if isinstance(block.aggregation, CustomAggregation):
        custom = block.aggregation
    else:
        assert isinstance(block.unit, CustomUnit)
        custom = block.unit
    call = block_call(block, w_in)
    module = _built(custom, call)
    try:
        return measure(module, (w_in, *size_in))
    except Exception as error:
        place = _frame(error, custom) or f"{custom.plugin.path}: {custom.name}"
        raise SpecError(
            f"{place} fails on images of {size_in[0]}x{size_in[1]}: {one_line(error)}"
        ) from None


def _check(
    custom: Custom,
    cls: type[nn.Module],
    make: Callable[[int, int, int], nn.Module],
    w_in: int,
    w_out: int,
    stride: int,
) -> None:
    place = f"{custom.plugin.path}:{_line(cls)}: {custom.name}"
    module = _built(custom, lambda: make(w_in, w_out, stride))
    side = 9
    with torch.device("meta"):
        x = torch.zeros(2, w_in, side, side)
    try:
        y: Any = module(x)
    except Exception as error:
        raise SpecError(
            f"{_frame(error, custom) or place} fails on {tuple(x.shape)} with stride "
            f"{stride}: {one_line(error)}"
        ) from None
    small = -(-side // stride)
    wanted = (2, w_out, small, small)
    if not isinstance(y, torch.Tensor) or tuple(y.shape) != wanted:
        got = tuple(y.shape) if isinstance(y, torch.Tensor) else type(y).__name__
        raise SpecError(
            f"{place} must give {wanted} for {tuple(x.shape)}, w_out {w_out} and "
            f"stride {stride}; got {got}"
        )


def _built(custom: Custom, make: Callable[[], Any]) -> nn.Module:
    cls = plugin_class(custom)
    try:
        with torch.device("meta"):
            module: nn.Module = make()
    except Exception as error:
        place = f"{custom.plugin.path}:{_line(cls)}: {custom.name}"
        raise SpecError(
            f"{_frame(error, custom) or place} cannot be built: {one_line(error)}"
        ) from None
    return module


@lru_cache(maxsize=64)
def _module(plugin: Plugin) -> ModuleType:
    name = f"nas_plugin_{plugin.sha256[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, plugin.path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # A module must be found by its name for its source to be read at export.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        line = error.lineno if isinstance(error, SyntaxError) else None
        place = f"{plugin.path}:{line}:" if line else _line_of(error, plugin)
        raise SpecError(f"{place} cannot be imported: {one_line(error)}") from None
    return module


def _line_of(error: Exception, plugin: Plugin) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f.lineno for f in frames if f.filename == str(plugin.path)]
    return f"{plugin.path}:{lines[-1]}:" if lines else f"{plugin.path}:"


def _frame(error: Exception, custom: Custom) -> str | None:
    """Return 'file:line: name' of the last frame in the user's file, if any."""
    frames = traceback.extract_tb(error.__traceback__)
    path = str(custom.plugin.path)
    lines = [f.lineno for f in frames if f.filename == path]
    return f"{path}:{lines[-1]}: {custom.name}" if lines else None


def _line(cls: type[nn.Module]) -> int:
    return inspect.getsourcelines(cls)[1]
