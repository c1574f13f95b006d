"""Units and aggregations of the user's own, from a Python file that a space names."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from nas.errors import SpecError

Option = int | float | str | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """A Python file, identified by its content: the same text is the same plugin."""

    file: str
    sha256: str
    path: Path = field(compare=False)

    @classmethod
    def of(cls, path: Path) -> "Plugin":
        """Return the plugin that a file holds now.

        Raises:
            SpecError: when the file cannot be read.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise SpecError(f"plugin {path} cannot be read: {error.strerror}") from None
        digest = hashlib.sha256(data).hexdigest()
        return cls(file=path.name, sha256=digest, path=path.resolve())


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomUnit:
    """The class ``name`` of a plugin as a unit, called with its ``options``."""

    kind: ClassVar[str] = "custom"
    preact: ClassVar[bool] = False
    relative: ClassVar[tuple[str, ...]] = ()
    name: str
    plugin: Plugin
    options: tuple[tuple[str, Option], ...] = ()

    def derived(self, w_in: int, w_out: int) -> dict[str, int]:  # noqa: ARG002
        """Return nothing: no field is relative."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomAggregation:
    """The class ``name`` of a plugin as an aggregation, called with its ``options``."""

    kind: ClassVar[str] = "custom"
    name: str
    plugin: Plugin
    options: tuple[tuple[str, Option], ...] = ()
