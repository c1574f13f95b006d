"""YAML read as nodes that know their line, so that every error can name it.

Only scalars, lists and mappings come out: a tag that would construct an object, a
duplicate key or a number that is not finite is an error at its place.
"""

import math
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml
from yaml.reader import ReaderError

from nas.arch import Gene
from nas.errors import SpaceError, shown, unknown
from nas.space.composing import Excess, compose

MOST_BYTES: Final = 1 << 20
MOST_VALUES: Final = 10_000
"""Of a file; a search space has some hundred."""

_MOST_DIGITS: Final = 100
"""Of a number: Python takes minutes to read millions of them."""

# YAML 1.1, which PyYAML reads, takes 1e-3 for a string; 1.2 and people don't.
_FLOAT: Final = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_TAG: Final = "tag:yaml.org,2002:"
_NUMBER_TAGS: Final = {f"{_TAG}{name}" for name in ("int", "float")}
_PLAIN_TAGS: Final = _NUMBER_TAGS | {
    f"{_TAG}{name}" for name in ("bool", "null", "str", "seq", "map")
}


@dataclass(frozen=True, slots=True)
class Node:
    """A place in a YAML file: what stands there and how to complain about it."""

    source: str
    path: str
    raw: yaml.Node

    def error(self, rule: str) -> SpaceError:
        """Return the error 'file:line:column: path rule'."""
        mark = self.raw.start_mark
        place = f"{self.source}:{mark.line + 1}:{mark.column + 1}"
        return SpaceError(f"{place}: {self.path} {rule}".replace(":  ", ": "))

    def mapping(
        self, known: Iterable[str] | None = None, required: Iterable[str] = ()
    ) -> dict[str, "Node"]:
        """Return the entries of a mapping, whose keys are among the known ones."""
        if not isinstance(self.raw, yaml.MappingNode):
            raise self.error(f"must be a mapping; got {self._kind()}")
        self._check_tag()
        entries: dict[str, Node] = {}
        for key, value in self.raw.value:
            key_node = Node(self.source, self.path, key)
            if not isinstance(key, yaml.ScalarNode):
                raise key_node.error("must have plain names as keys")
            key_node._check_tag()
            name = key.value
            if name in entries:
                raise key_node.error(f"has the key {shown(name)} twice; keep one")
            if known is not None and name not in known:
                raise key_node.error(f"has an {unknown('key', name, known)}")
            path = f"{self.path}.{name}" if self.path else name
            entries[name] = Node(self.source, path, value)
        for name in required:
            if name not in entries:
                raise self.error(f"must have the key {name!r}; add it")
        return entries

    def sequence(self) -> list["Node"]:
        """Return the members of a list."""
        if not isinstance(self.raw, yaml.SequenceNode):
            raise self.error(f"must be a list; got {self._kind()}")
        self._check_tag()
        return [
            Node(self.source, f"{self.path}[{i}]", item)
            for i, item in enumerate(self.raw.value)
        ]

    def scalar(self) -> Gene | None:
        """Return a number, true or false, a string, or None for nothing."""
        if not isinstance(self.raw, yaml.ScalarNode):
            raise self.error(f"must be a single value; got {self._kind()}")
        self._check_tag()
        text = self.raw.value
        if self.raw.tag in _NUMBER_TAGS and len(text) > _MOST_DIGITS:
            raise self.error(
                f"must be a number of at most {_MOST_DIGITS} digits; got {shown(text)}"
            )
        if self.raw.style is None and _FLOAT.fullmatch(text) and "e" in text.lower():
            value: Gene | None = float(text)
        else:
            try:
                value = yaml.SafeLoader("").construct_object(self.raw)
            except (ValueError, LookupError, OverflowError, yaml.YAMLError):
                raise self.error(f"cannot be read as a value: {shown(text)}") from None
        if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
            raise self.error(f"must be an integer of 64 bits; got {shown(value)}")
        if isinstance(value, float) and not math.isfinite(value):
            raise self.error(f"must be finite; got {text}; write a number")
        return value

    def integer(self, at_least: int) -> int:
        """Return an integer of a minimum."""
        value = self.scalar()
        if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
            raise self.error(
                f"must be an integer of at least {at_least}; got {shown(value)}; "
                f"use {at_least} or more"
            )
        return value

    def string(self) -> str:
        """Return a string."""
        value = self.scalar()
        if not isinstance(value, str):
            raise self.error(f"must be text; got {shown(value)}; put it in quotes")
        return value

    @property
    def is_mapping(self) -> bool:
        """Whether a mapping stands here."""
        return isinstance(self.raw, yaml.MappingNode)

    @property
    def is_sequence(self) -> bool:
        """Whether a list stands here."""
        return isinstance(self.raw, yaml.SequenceNode)

    def _check_tag(self) -> None:
        if self.raw.tag not in _PLAIN_TAGS:
            tag = shown(self.raw.tag)
            raise self.error(f"must be a plain value; got the tag {tag}; leave it out")

    def _kind(self) -> str:
        if self.is_mapping:
            return "a mapping"
        if self.is_sequence:
            return "a list"
        return shown(self.raw.value) if self.raw.value else "nothing"


def _place(path: Path, before: str) -> str:
    """Return 'file:line:column' of what comes after some text."""
    return f"{path}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def read_yaml(
    path: Path,
    *,
    most_bytes: int = MOST_BYTES,
    most_values: int = MOST_VALUES,
    remedy: str = "start from the space 'minimal'",
) -> tuple[Node, str]:
    """Return the root of a YAML file, and its text.

    Args:
        path: of the file.
        most_bytes: that it may have.
        most_values: that may stand in it, aliases followed.
        remedy: for an empty one.

    Raises:
        SpaceError: when the file cannot be read, is empty, too large or not YAML.
    """
    data = _content(path, most_bytes)
    try:
        text = data.decode("utf-8-sig")
        root = compose(text, most_values)
    except Excess as error:
        place = f"{path}:{error.mark.line + 1}:{error.mark.column + 1}"
        raise SpaceError(f"{place}: {error}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise SpaceError(f"{place}: not YAML: {error.problem}") from None
    except UnicodeDecodeError as error:
        place = _place(path, data[: error.start].decode("utf-8-sig"))
        raise SpaceError(f"{place}: not UTF-8 text: {error.reason}") from None
    except ReaderError as error:
        place = _place(path, text[: error.position])
        raise SpaceError(f"{place}: not YAML: {error.reason}") from None
    if root is None:
        raise SpaceError(f"{path}:1:1: is empty; {remedy}")
    return Node(str(path), "", root), text


def _content(path: Path, most_bytes: int) -> bytes:
    """Return what is in a file of a reasonable size."""
    try:
        # A pipe that nobody writes to would have us wait for ever.
        is_file = stat.S_ISREG(path.stat().st_mode)
        if is_file:
            with path.open("rb") as file:
                data = file.read(most_bytes + 1)
    except OSError as error:
        raise SpaceError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:  # a null byte
        raise SpaceError(f"{path}: cannot be read: no file has such a name") from None
    if not is_file:
        what = "Is a directory" if path.is_dir() else "no regular file"
        raise SpaceError(f"{path}: cannot be read: {what}; give a .yaml file")
    if len(data) > most_bytes:
        raise SpaceError(f"{path}: must have at most {most_bytes:,} bytes; got more")
    return data
