"""Values, and an architecture, as Markdown that stays what it is.

Names come from outside: no text of theirs may become markup or a link.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from nas.arch import Architecture
from nas.drawing.outline import outline
from nas.errors import printable

_MARKUP: Final = re.compile(r"[\\`*_{}\[\]<>#|~&!$]|@(?=\S)")
_ADDRESS: Final = re.compile(r"(?<=:)/(?=/)|(?<=www)\.", re.IGNORECASE)


def line(text: str) -> str:
    r"""Return a text in one line; what cannot be seen stands as ``\n`` and the like."""
    return printable(text).replace("\n", "\\n")


def text(value: str) -> str:
    """Return a text for the inside of a paragraph or a table, as plain text."""
    escaped = _MARKUP.sub(r"\\\g<0>", line(value))
    return _ADDRESS.sub(r"\\\g<0>", escaped)  # else it may become a link by itself


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: str = "") -> str:
    """Return a table; cells are Markdown.

    Columns whose names are among the words of ``numbers`` are set to the right.
    """
    right = numbers.split()
    rules = ["---:" if name in right else "---" for name in head]
    cells = [head, rules, *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def code(content: str, language: str) -> str:
    """Return a block of code, which no line of its own can end."""
    longest = max(map(len, re.findall("`+", content)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{content}\n{fence}"


def outline_table(architecture: Architecture) -> str:
    """Return a table of an architecture's parts, and what each costs."""
    shown = outline(architecture)
    channels, height, width = architecture.input_shape
    rows = [("image", "", str(channels), f"{height} x {width}", "", "", "")]
    rows += [
        (
            part.name,
            text(part.description),
            f"{part.w_in} → {part.w_out}",
            "{} x {}".format(*part.resolution),
            f"{part.params:,}",
            f"{100 * part.share:.0f} %",
            f"{part.macs:,}",
        )
        for part in shown.parts
    ]
    head = ("part", "what", "channels", "size", "parameters", "share", "MACs")
    return table(head, rows, numbers="channels size parameters share MACs")
