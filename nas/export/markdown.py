"""Values as YAML and shell words that stay what they are.

Names come from outside: none may become another line of the front matter or another
command.
"""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import yaml


def front_matter(values: Mapping[str, Any], comment: str) -> str:
    """Return the YAML that a model card begins with, a comment on its first line."""
    written = yaml.safe_dump(
        dict(values), sort_keys=False, allow_unicode=True, width=1000
    )
    return f"---\n# {comment}\n{written}---"


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
