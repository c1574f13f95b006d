"""Amounts as people write them: '30k', '1.5M', '2_000_000'."""

import re
from typing import Final

_FACTORS: Final = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_AMOUNT: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmg]?)")


def parse_amount(text: str) -> int | None:
    """Return the amount that a text names, None where it names none."""
    match = _AMOUNT.fullmatch(text.strip().lower().replace("_", ""))
    return None if match is None else round(float(match[1]) * _FACTORS[match[2]])
