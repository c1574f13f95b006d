"""The generated ``class Network`` of an exported file, from a network's layout."""

import inspect
import sys
import textwrap
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from nas.arch import Architecture
from nas.export.dependencies import LIBRARIES
from nas.export.formatting import INDENT, Apply, Name, statement
from nas.export.imports import Import
from nas.export.names import used_names
from nas.export.sources import method
from nas.nn.network import Call, Layout


class NetworkClass:
    """The text of the class, and what it needs around it.

    ``roots`` are the (module, name) pairs of the definitions that it calls, in the
    order of reading; ``imports`` are what it takes from libraries.
    """

    def __init__(self, layout: Layout, architecture: Architecture) -> None:
        self.roots: list[tuple[str, str]] = []
        self.imports = {Import("torch", "nn")}
        self.head = self._written(_for_any_classes(layout.head))
        forward = method("nas.nn.network", "Network", "forward")
        assert used_names(textwrap.dedent(forward)) <= {"Tensor", "torch"}
        self.imports.add(Import("torch", "Tensor"))
        channels, height, width = architecture.input_shape
        parts = "\n".join(
            statement(f"self.{field.name}", self._part(layout, field.name), 2 * INDENT)
            for field in fields(layout)
        )
        self.text = f'''\
class Network(nn.Module):
    """Images (N, {channels}, {height}, {width}) in [0, 1] to logits (N, classes)."""

    def __init__(self, num_classes: int = {architecture.num_classes}) -> None:
        super().__init__()
{parts}

{forward}'''

    def _part(self, layout: Layout, name: str) -> Any:
        part = getattr(layout, name)
        if part is layout.head:
            return self.head
        if isinstance(part, tuple):
            return Apply("nn.Sequential", tuple(self._written(call) for call in part))
        return self._written(part)

    def _written(self, value: Any) -> Any:
        """Turn calls and functions into text, and remember what they need."""
        if isinstance(value, Call):
            args = tuple(self._written(item) for item in value.args)
            kwargs = {name: self._written(item) for name, item in value.kwargs.items()}
            return Apply(self._named(value.function), args, kwargs)
        if callable(value):
            return Name(self._named(value))
        return value

    def _named(self, function: Callable[..., Any]) -> str:
        module, name = function.__module__, function.__qualname__
        if module.partition(".")[0] not in LIBRARIES:
            self.roots.append((module, name))
        elif getattr(sys.modules["torch.nn"], name, None) is function:
            return f"nn.{name}"
        else:
            self.imports.add(Import(module, name))
        return name


def _for_any_classes(head: Call) -> Call:
    """Return the head's call with ``num_classes`` as a variable."""
    place = list(inspect.signature(head.function).parameters).index("num_classes")
    variable = Name("num_classes")
    if place >= len(head.args):
        return replace(head, kwargs={**head.kwargs, "num_classes": variable})
    args = (*head.args[:place], variable, *head.args[place + 1 :])
    return replace(head, args=args)
