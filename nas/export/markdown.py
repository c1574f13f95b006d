"""Values as Markdown, YAML and shell words that stay what they are.

Names come from outside: no text of theirs may become markup, a link, another line of
the front matter or another command.
"""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import yaml

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


def front_matter(values: Mapping[str, Any], comment: str) -> str:
    """Return the YAML that a model card begins with, a comment on its first line."""
    written = yaml.safe_dump(
        dict(values), sort_keys=False, allow_unicode=True, width=1000
    )
    return f"---\n# {comment}\n{written}---"


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


def command(words: Sequence[str]) -> str:
    """Return a command line for a shell such as bash or zsh, in one line."""
    return " ".join(map(_shell_word, words))


def _shell_word(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    return f"$'{''.join(map(_shell_character, word))}'"


def _shell_character(char: str) -> str:
    if char in "'\\":
        return "\\" + char
    if char.isprintable():
        return char
    number = ord(char)
    if 0xDC80 <= number <= 0xDCFF:  # a byte that is no text, as Python reads names
        return f"\\x{number - 0xDC00:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
