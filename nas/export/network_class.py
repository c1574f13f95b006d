"""The generated ``class Network`` of an exported file, from a network's layout."""

import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final

from nas.arch import Architecture
from nas.export.dependencies import LIBRARIES
from nas.export.formatting import INDENT, Apply, Name, statement
from nas.export.imports import Import
from nas.export.names import used_names
from nas.export.sources import method
from nas.nn.layout import Call, Layout

_PARTS: Final = ("normalize", "stem", "blocks", "fusion", "head")


class NetworkClass:
    """The text of the class, and what it needs around it.

    ``roots`` are the (module, name) pairs of the definitions that it calls, in the
    order of reading; ``imports`` are what it takes from libraries. Auxiliary heads are
    no part of it.
    """

    def __init__(self, layout: Layout, architecture: Architecture) -> None:
        self.roots: list[tuple[str, str]] = []
        self.imports = {Import("torch", "nn")}
        self._shared = _shared_factories(layout)
        self.head = self._written(_for_any_classes(layout.head))
        owner = "Network" if layout.fusion is None else "FusedNetwork"
        forward = method("nas.nn.network", owner, "forward")
        assert used_names(textwrap.dedent(forward)) <= {"Tensor", "torch"}
        self.imports.add(Import("torch", "Tensor"))
        channels, height, width = architecture.input_shape
        statements = [
            statement(name, self._call(factory), 2 * INDENT)
            for name, factory in self._shared.items()
        ]
        statements += [
            statement(f"self.{name}", self._part(layout, name), 2 * INDENT)
            for name in _PARTS
            if getattr(layout, name) is not None
        ]
        body = "\n".join(statements)
        self.text = f'''\
class Network(nn.Module):
    """Images (N, {channels}, {height}, {width}) in [0, 1] to logits (N, classes)."""

    def __init__(self, num_classes: int = {architecture.num_classes}) -> None:
        super().__init__()
{body}

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
            return self._call(value)
        if callable(value):
            return Name(self._named(value))
        return value

    def _call(self, call: Call) -> Apply:
        args = tuple(self._written(item) for item in call.args)
        kwargs = {
            name: Name(name) if name in self._shared else self._written(item)
            for name, item in call.kwargs.items()
        }
        return Apply(self._named(call.function), args, kwargs)

    def _named(self, function: Callable[..., Any]) -> str:
        module, name = function.__module__, function.__qualname__
        if module.partition(".")[0] not in LIBRARIES:
            self.roots.append((module, name))
        elif getattr(sys.modules["torch.nn"], name, None) is function:
            return f"nn.{name}"
        else:
            self.imports.add(Import(module, name))
        return name


def _shared_factories(layout: Layout) -> dict[str, Call]:
    """Return the partial functions that a whole network passes on by one keyword.

    They are written once, ahead of the parts, those that others use first.
    """
    calls = [call for name in _PARTS for call in _calls(getattr(layout, name))]
    taken = {call.function.__qualname__ for call in calls}
    given: dict[str, list[Any]] = {}
    for call in calls:
        for name, value in call.kwargs.items():
            given.setdefault(name, []).append(value)
    shared = {
        name: first
        for name, (first, *others) in given.items()
        if isinstance(first, Call)
        and first.function is partial
        and name not in taken
        and others
        and all(other == first for other in others)
    }
    return dict(sorted(shared.items(), key=lambda item: len(list(_calls(item[1])))))


def _calls(part: Any) -> Iterator[Call]:
    """Yield the calls in a part of a layout, itself included."""
    if isinstance(part, tuple | list):
        for item in part:
            yield from _calls(item)
    elif isinstance(part, Call):
        yield part
        yield from _calls(part.args)
        yield from _calls(tuple(part.kwargs.values()))


def _for_any_classes(head: Call) -> Call:
    """Return the head's call with ``num_classes`` as a variable."""
    place = list(inspect.signature(head.function).parameters).index("num_classes")
    variable = Name("num_classes")
    if place >= len(head.args):
        return replace(head, kwargs={**head.kwargs, "num_classes": variable})
    args = (*head.args[:place], variable, *head.args[place + 1 :])
    return replace(head, args=args)
