"""The generated ``class Network`` of an exported file, from a network's layout."""

import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final

from nas.arch import Architecture
from nas.export.calls import Calls
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
        shared = _shared_factories(layout)
        self._calls = Calls(shared)
        self.roots = self._calls.roots
        self.imports = self._calls.imports
        self.head = self._calls.call(_for_any_classes(layout.head))
        owner = "Network" if layout.fusion is None else "FusedNetwork"
        forward = method("nas.nn.network", owner, "forward")
        assert used_names(textwrap.dedent(forward)) <= {"Tensor", "torch"}
        self.imports.add(Import("torch", "Tensor"))
        channels, height, width = architecture.input_shape
        statements = [
            statement(name, self._calls.call(factory), 2 * INDENT)
            for name, factory in shared.items()
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
            return Apply("nn.Sequential", tuple(map(self._calls.call, part)))
        return self._calls.call(part)


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
