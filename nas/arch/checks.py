"""Rules that several specs share; each error names field, rule, value and remedy."""

from typing import Final

from nas.errors import SpecError, shown

_MOST: Final = 1 << 16  # beyond any network; keeps every cost and loop finite


def check_int(field: str, value: object, *, at_least: int = 1) -> None:
    """Refuse anything but an integer of a minimum."""
    if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
        raise SpecError(
            f"{field} must be an integer of at least {at_least}; "
            f"got {shown(value)}; use {at_least} or more"
        )
    if value > _MOST:
        raise SpecError(f"{field} must be at most {_MOST}; got {shown(value)}")


def check_kernel(field: str, value: object) -> None:
    """Refuse anything but an odd kernel: only those keep the resolution."""
    check_int(field, value)
    assert isinstance(value, int)
    if value % 2 == 0:
        raise SpecError(
            f"{field} must be odd; got {value}; use {value - 1} or {value + 1}"
        )


def check_bool(field: str, value: object) -> None:
    """Refuse anything but true or false."""
    if not isinstance(value, bool):
        raise SpecError(f"{field} must be true or false; got {shown(value)}")


def check_number(field: str, value: object, *, above: float, at_most: float) -> None:
    """Refuse anything but a number in a range."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SpecError(f"{field} must be a number; got {shown(value)}")
    if not above < value <= at_most:
        raise SpecError(
            f"{field} must be above {above} and at most {at_most}; got {shown(value)}"
        )
