"""Counts for people: three digits and a prefix instead of seven digits."""

from decimal import Decimal
from typing import Final

_PREFIXES: Final = ("", "k", "M", "G", "T")


def human(n: int) -> str:
    """Return a count with three significant digits: '999', '30.0 k', '1.23 M'."""
    if n < 1000:
        return str(n)
    # Rounding comes first: 999,999 is '1.00 M', not '1000 k'.
    digits, exponent = f"{Decimal(n):.2e}".split("e")
    power = min(int(exponent) // 3, len(_PREFIXES) - 1)
    shift = int(exponent) - 3 * power
    return f"{Decimal(digits).scaleb(shift):.{max(0, 2 - shift)}f} {_PREFIXES[power]}"


def compact(n: int) -> str:
    """Return a count exactly, and short where it is round: '30k', '1.5M', '12,345'."""
    for power in range(len(_PREFIXES) - 1, 0, -1):
        whole, rest = divmod(n, 1000**power)
        tenths, rest = divmod(rest * 10, 1000**power)
        if whole and not rest:
            return f"{whole}{f'.{tenths}' if tenths else ''}{_PREFIXES[power]}"
    return f"{n:,}"
