"""Python values as formatted source: what ``ruff format`` would leave as it is.

Everything comes out in ASCII, so that a text from outside can neither end the literal
or docstring it stands in nor hide anything in it.
"""

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

LINE: Final = 88
INDENT: Final = 4


@dataclass(frozen=True, slots=True)
class Name:
    """A name, or a dotted one, written as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Apply:
    """A call; its arguments are values, names and calls."""

    function: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


def statement(target: str, value: Any, indent: int = 0) -> str:
    """Return ``target = value``, over as many lines as it needs."""
    start = f"{' ' * indent}{target} = "
    return start + _fitted(value, indent, len(start), 0)


def docstring(paragraphs: Iterable[str]) -> str:
    r"""Return a module docstring; it is a raw one where it holds a backslash.

    The paragraphs are lines already wrapped, made of what ``plain`` returns.
    """
    text = "\n\n".join(paragraphs)
    return f'{"r" if chr(92) in text else ""}"""{text}\n"""'


def plain(text: str) -> str:
    r"""Return a text for a docstring: in one line of ASCII, without double quotes.

    Other characters stand as their escapes, such as ``\n``.
    """
    return "".join(
        "'" if c == '"' else c if c.isascii() and c.isprintable() else ascii(c)[1:-1]
        for c in text
    )


def table(rows: Mapping[str, str]) -> str:
    """Return names and plain texts as two columns, the second one wrapped."""
    column = max(map(len, rows)) + 4
    return "\n".join(
        textwrap.fill(
            text,
            LINE,
            initial_indent=name.ljust(column),
            subsequent_indent=" " * column,
            break_on_hyphens=False,
        )
        for name, text in rows.items()
        if text.strip()
    )


def paragraph(text: str) -> str:
    """Return a text wrapped to the width of a line."""
    return textwrap.fill(text, LINE, break_on_hyphens=False)


def _fitted(value: Any, indent: int, column: int, tail: int) -> str:
    """Format a value that starts at ``column``, with ``tail`` characters behind it."""
    text = _one_line(value)
    opening, items, closing = _parts(value)
    if column + len(text) + tail <= LINE or not items:
        return text
    inner = indent + INDENT
    comma = "" if isinstance(value, str) else ","
    lines = [opening]
    for prefix, item in items:
        start = " " * inner + prefix
        lines.append(start + _fitted(item, inner, len(start), len(comma)) + comma)
    return "\n".join([*lines, " " * indent + closing])


def _one_line(value: Any) -> str:
    if isinstance(value, Name):
        return value.text
    if isinstance(value, str):
        return _string([_escaped(c) for c in value])
    opening, items, closing = _parts(value)
    if not opening:
        return repr(value).replace("e+", "e")  # 1e+16 is 1e16 to ruff
    comma = "," if isinstance(value, tuple) and len(items) == 1 else ""
    texts = [prefix + _one_line(item) for prefix, item in items]
    return f"{opening}{', '.join(texts)}{comma}{closing}"


def _parts(value: Any) -> tuple[str, list[tuple[str, Any]], str]:
    """Return what a value opens with, the (prefix, item) pairs in it and its end."""
    match value:
        case Apply(function=function, args=args, kwargs=kwargs):
            named = [(f"{name}=", item) for name, item in kwargs.items()]
            return f"{function}(", [*(("", item) for item in args), *named], ")"
        case tuple():
            return "(", [("", item) for item in value], ")"
        case list():
            return "[", [("", item) for item in value], "]"
        case str():
            pieces = _pieces(value)
            return "(", [("", Name(piece)) for piece in pieces], ")"
        case _:
            return "", [], ""


def _pieces(text: str) -> list[str]:
    """Return the literals that a long string is made of, each for a line of its own.

    They fit where they are two levels deep: in the tuple of the class names.
    """
    room = LINE - 2 * INDENT - 2
    pieces: list[list[str]] = [[]]
    width = 0
    for char in map(_escaped, text):
        cost = 2 if char in "'\"" else len(char)
        if width + cost > room:
            pieces.append([])
            width = 0
        pieces[-1].append(char)
        width += cost
    return [_string(piece) for piece in pieces]


def _string(chars: list[str]) -> str:
    """Return a literal of escaped characters, in the quotes that ruff prefers."""
    quote = "'" if chars.count('"') > chars.count("'") else '"'
    return quote + "".join("\\" + c if c == quote else c for c in chars) + quote


def _escaped(char: str) -> str:
    return char if char in "'\"" else ascii(char)[1:-1]
