"""What a user can get wrong, as exceptions.

    NasError                 (a ValueError; the command line prints one line, exits 2)
    ├── SpecError            an architecture that cannot be built
    ├── SpaceError           a search space that cannot be read
    │   └── DoesNotFit       no network of this topology is as small as its target
    ├── DataError            data that cannot be read
    ├── ConfigError          an option with an impossible value
    └── RunError             a run folder that is missing, taken or incomplete
    SearchFailed             (a RuntimeError; exit 1) the search itself came to nothing

Broken invariants of our own are assertions, never one of these.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from reprlib import Repr
from traceback import format_exception
from typing import Final
from unicodedata import category

UNREADABLE: Final = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
"""What comes of reading JSON that somebody else wrote, or only a part of it."""


class NasError(ValueError):
    """Something the user can mend; the message says where, what and how.

    ``details`` are further lines, such as a list of what is different.
    """

    def __init__(self, message: str, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.details = tuple(details)

    def at(self, where: str) -> "NasError":
        """Return the same error with the place it happened at in front."""
        joint = "" if str(self).startswith("[") else "."
        return type(self)(f"{where}{joint}{self}", self.details)


class SpecError(NasError):
    """An architecture spec that cannot be built."""


class SpaceError(NasError):
    """A search space that cannot be read, or an architecture outside of it."""


class DoesNotFit(SpaceError):
    """The smallest network of a topology is larger than the size asked for."""


class DataError(NasError):
    """Data that cannot be read."""


class ConfigError(NasError):
    """An option with an impossible value."""


class RunError(NasError):
    """A run folder that is missing, taken or incomplete."""


class SearchFailed(RuntimeError):
    """A search that could not go on, or ended without a single trained network.

    ``details`` are further lines, such as the traceback of the first failure.
    """

    def __init__(self, message: str, details: str | None = None) -> None:
        super().__init__(message)
        self.details = details


def one_line(error: BaseException) -> str:
    """Return an exception's kind and the first line of what it says."""
    return ": ".join((type(error).__name__, *str(error).strip().splitlines()[:1]))


def printable(text: str) -> str:
    r"""Return a text with what cannot be seen written out, such as ``\x1b``.

    Spaces of all kinds and ends of lines stay.
    """
    if text.isprintable():
        return text
    return "".join(c if _is_visible(c) else ascii(c)[1:-1] for c in text)


def _is_visible(char: str) -> bool:
    return char.isprintable() or char == "\n" or category(char) == "Zs"


def shown(value: object) -> str:
    """Return a value as an error message quotes it: its repr, cut to a short line."""
    return _Short().repr(value)


class _Short(Repr):
    """Python refuses to write out integers of more than 4,300 digits."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = 60

    def repr_int(self, x: int, level: int) -> str:
        """Return an integer in full, or how long it is."""
        if x.bit_length() > 128:
            return f"an integer of {x.bit_length()} bits"
        return super().repr_int(x, level)


def counted(number: int, what: str) -> str:
    """Return '1 trial' or '12 trials'."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def unknown(what: str, name: object, known: Iterable[str]) -> str:
    """Return 'unknown WHAT NAME', with the closest known name or all of them."""
    names = sorted(known)
    text = name if isinstance(name, str) else shown(name)
    close = get_close_matches(text.lower()[:99], names, n=1, cutoff=0.6)
    remedy = f"did you mean {close[0]!r}?" if close else f"choose {' or '.join(names)}"
    return f"unknown {what} {shown(text)}: {remedy}"


def traceback_of(error: BaseException, most_characters: int = 20_000) -> str:
    """Return where an exception came from, as Python prints it.

    What is longer than so many characters keeps its beginning and its end.
    """
    text = "".join(format_exception(error)).strip()
    if len(text) <= most_characters:
        return text
    half = most_characters // 2
    return f"{text[:half]}\n[...]\n{text[-half:]}"
