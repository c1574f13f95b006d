"""Fields of plain data that a file holds, judged before anything goes by them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any, Final

from nas.errors import RunError, shown


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value must be, in words and as a test."""

    says: str
    holds: Callable[[Any], bool]

    def or_none(self) -> "Rule":
        """Return the rule that lets nothing pass, too."""
        return Rule(f"{self.says}, or null", lambda v: v is None or self.holds(v))


def whole(least: int = 0) -> Rule:
    """Return the rule of an integer of 64 bits."""
    return Rule(
        f"an integer of at least {least}",
        lambda v: type(v) is int and least <= v < 1 << 63,
    )


def one_of(*known: str) -> Rule:
    """Return the rule of a closed set."""
    return Rule(
        f"one of {', '.join(known)}", lambda v: isinstance(v, str) and v in known
    )


def several(rule: Rule) -> Rule:
    """Return the rule of a list whose members are alike."""
    return Rule(
        f"a list, each {rule.says}",
        lambda v: isinstance(v, list | tuple) and all(map(rule.holds, v)),
    )


def tuple_of(*rules: Rule) -> Rule:
    """Return the rule of a list of just so many members."""
    return Rule(
        f"[{', '.join(rule.says for rule in rules)}]",
        lambda v: (
            isinstance(v, list | tuple)
            and len(v) == len(rules)
            and all(rule.holds(item) for rule, item in zip(rules, v, strict=True))
        ),
    )


TEXT: Final = Rule("text", lambda v: isinstance(v, str))
NUMBER: Final = Rule("a number", lambda v: type(v) in (int, float))
FINITE: Final = Rule("a finite number", lambda v: NUMBER.holds(v) and isfinite(v))
POSITIVE: Final = Rule("at least 0", lambda v: NUMBER.holds(v) and 0 <= v < 1e300)
PART: Final = Rule("from 0 to 1", lambda v: NUMBER.holds(v) and 0 <= v <= 1)


def is_time(value: Any) -> bool:
    """Tell whether a value is a time in ISO 8601."""
    try:
        datetime.fromisoformat(value)
    except (ValueError, TypeError):
        return False
    return True


def check(data: Mapping[str, Any], rules: Mapping[str, Rule]) -> None:
    """Refuse data of which a field that is there breaks its rule.

    Raises:
        RunError: naming the field, the rule and the value.
    """
    for name, rule in rules.items():
        if name in data and not rule.holds(data[name]):
            raise RunError(f"{name} must be {rule.says}; got {shown(data[name])}")
