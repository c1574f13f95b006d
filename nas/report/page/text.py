"""Text in figures: names that may hold anything, and numbers as people read them."""

from html import escape
from typing import Final

from nas.errors import printable

_LONGEST: Final = 160

_UNITS: Final = {"days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}


def in_line(text: object, longest: int = _LONGEST) -> str:
    """Return a text in one line of what can be seen, cut off where it is too long."""
    line = printable(" ".join(str(text).split()))
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def in_figure(text: object, longest: int = _LONGEST) -> str:
    """Return a text for plotly, which takes tags for tags, and quotes as they are."""
    return escape(in_line(text, longest), quote=False)


def points(difference: float) -> str:
    """Return a difference of accuracies in percentage points: '+1.25'."""
    # What rounds to nothing has no minus.
    return f"{round(100 * difference, 2) + 0.0:+.2f}"


def time_unit(seconds: float) -> tuple[str, int]:
    """Return the unit that suits so long a time, and how many seconds it has."""
    fitting = (unit for unit in _UNITS.items() if seconds >= 2 * unit[1])
    return next(fitting, ("seconds", 1))
