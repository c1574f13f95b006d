"""Rules that several specs share; each error names field, rule, value and remedy."""

from nas.errors import SpecError


def check_int(field: str, value: object, *, at_least: int = 1) -> None:
    """Refuse anything but an integer of a minimum."""
    if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
        raise SpecError(
            f"{field} must be an integer of at least {at_least}; "
            f"got {value!r}; use {at_least} or more"
        )


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
        raise SpecError(f"{field} must be true or false; got {value!r}")


def check_number(field: str, value: object, *, above: float) -> None:
    """Refuse anything but a finite number above a bound."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SpecError(f"{field} must be a number; got {value!r}")
    if not above < value < float("inf"):
        raise SpecError(f"{field} must be finite and above {above}; got {value!r}")
