"""What augmentation suits a data set, where nobody has said so. Needs no torch."""

import re
from typing import Final

SMALLEST_FOR_LIGHT: Final = 16
SMALLEST_FOR_STANDARD: Final = 32
"""Shorter sides, in pixels, from which on a policy is taken."""

SYMBOLS: Final = ("captcha", "character", "digit", "letter", "mnist", "svhn", "usps")
"""Parts of the names of data sets whose images mean something else in a mirror."""


def suitable_policy(height: int, width: int) -> str:
    """Return the policy for images of a size in pixels.

    On tiny images a shift by a pixel or a covered square takes away much of what there
    is to see; on digits of 8 x 8 no augmentation is the most accurate.
    """
    side = min(height, width)
    if side < SMALLEST_FOR_LIGHT:
        return "none"
    return "light" if side < SMALLEST_FOR_STANDARD else "standard"


def may_be_mirrored(name: str, channels: int) -> bool:
    """Return whether images of a data set look as natural in a mirror.

    Pictures in colour mostly do. Grey ones are as often writing, symbols or scans, and
    so are those of data sets whose name, or the path to them, has one of `SYMBOLS`.
    """
    words = re.split(r"[\W_]+", name.lower())
    is_symbols = any(symbol in word for word in words for symbol in SYMBOLS)
    return channels >= 3 and not is_symbols
