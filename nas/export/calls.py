"""Constructor calls of a network's layout as source."""

import sys
from collections.abc import Callable, Collection
from typing import Any

from nas.export.dependencies import LIBRARIES
from nas.export.formatting import Apply, Name
from nas.export.imports import Import
from nas.nn.layout import Call


class Calls:
    """Turns calls into text, and remembers what the text needs around it.

    ``roots`` are the (module, name) pairs of the definitions that it uses, in the order
    of reading; ``imports`` are what it takes from libraries.

    Args:
        shared: keyword arguments whose values are variables of the same name.
    """

    def __init__(self, shared: Collection[str] = ()) -> None:
        self.roots: list[tuple[str, str]] = []
        self.imports = {Import("torch", "nn")}
        self._shared = shared

    def written(self, value: Any) -> Any:
        """Return a value with text in the place of calls and functions."""
        if isinstance(value, Call):
            return self.call(value)
        if callable(value):
            return Name(self._named(value))
        return value

    def call(self, call: Call) -> Apply:
        """Return a call as text."""
        args = tuple(self.written(item) for item in call.args)
        kwargs = {
            name: Name(name) if name in self._shared else self.written(item)
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
