"""Numbers as the page writes them."""

from datetime import datetime


def percent(part: float) -> str:
    """Return 0.98765 as '98.77 %', with a space that does not break."""
    return f"{100 * part:.2f}\N{NO-BREAK SPACE}%"


def long_name(aggregation: str) -> str:
    """Return what genes call an aggregation, which tables call "tree" for short."""
    return "hierarchical" if aggregation == "tree" else aggregation


def duration(seconds: float) -> str:
    """Return seconds in the unit that suits them: '42 s', '3.5 min', '12.3 h'."""
    space = "\N{NO-BREAK SPACE}"
    if seconds < 100:
        return f"{seconds:.3g}{space}s"
    if seconds < 6000:
        return f"{seconds / 60:.3g}{space}min"
    return f"{seconds / 3600:,.4g}{space}h"


def day(time: str) -> str:
    """Return a time in ISO 8601 as '2 January 2026', itself if it is none."""
    try:
        found = datetime.fromisoformat(time)
    except ValueError:
        return time
    return f"{found.day} {found:%B %Y}"
