"""Values of options that are more than a string or a number."""

import re
from typing import Final, Literal

import typer

_FACTORS: Final = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}

_SECONDS: Final = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}

_NUMBER: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmg]?)")


def parse_size(text: str | int) -> int:
    """Return the number of parameters in '30000', '30k', '1.5M' or '30_000'."""
    match = _NUMBER.fullmatch(str(text).strip().lower().replace("_", ""))
    if match is None or (size := float(match[1]) * _FACTORS[match[2]]) < 1:
        raise typer.BadParameter(
            f"must be a number of parameters; got {text!r}; "
            "write for example 30k, 1.5M or 50000"
        )
    return round(size)


def parse_bytes(text: str | int) -> int:
    """Return the number of bytes in '500M', '2G' or '2_000_000_000'."""
    match = _NUMBER.fullmatch(str(text).strip().lower().replace("_", ""))
    if match is None:
        raise typer.BadParameter(
            f"must be a number of bytes; got {text!r}; write for example 500M or 2G"
        )
    return round(float(match[1]) * _FACTORS[match[2]])


def parse_shape(text: str | tuple[int, int, int]) -> tuple[int, int, int]:
    """Return the (channels, height, width) in '3x32x32'."""
    if isinstance(text, tuple):
        return text
    match = re.fullmatch(r"(\d+)x(\d+)x(\d+)", text.strip().lower())
    if match is None or not all(map(int, match.groups())):
        raise typer.BadParameter(
            f"must be CHANNELSxHEIGHTxWIDTH; got {text!r}; write for example 3x32x32"
        )
    return int(match[1]), int(match[2]), int(match[3])


def parse_trials(text: str | tuple[int, ...]) -> tuple[int, ...]:
    """Return the numbers in '3,7'."""
    if isinstance(text, tuple):
        return text
    if not re.fullmatch(r"\d+(\s*,\s*\d+)*", text.strip()):
        raise typer.BadParameter(
            f"must be numbers of trials; got {text!r}; write for example 3,7"
        )
    return tuple(map(int, text.split(",")))


def parse_choice(
    text: str | tuple[int, ...],
) -> Literal["front", "best"] | tuple[int, ...]:
    """Return 'front', 'best' or the numbers in '3,7'."""
    if isinstance(text, tuple):
        return text
    if text == "front":
        return "front"
    if text == "best":
        return "best"
    if not re.fullmatch(r"\d+(\s*,\s*\d+)*", text.strip()):
        raise typer.BadParameter(
            f"must be front, best or numbers of trials; got {text!r}; "
            "write for example best or 3,7"
        )
    return tuple(map(int, text.split(",")))


def parse_batches(text: str | tuple[int, ...]) -> tuple[int, ...]:
    """Return the numbers in '1,64', each once."""
    if isinstance(text, tuple):
        return text
    if not re.fullmatch(r"\d{1,9}(\s*,\s*\d{1,9})*", text.strip()):
        raise typer.BadParameter(
            f"must be numbers of images; got {text!r}; write for example 1,64"
        )
    return tuple(dict.fromkeys(map(int, text.split(","))))


def parse_names(text: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the names in 'accuracy,params'."""
    if isinstance(text, tuple):
        return text
    return tuple(name.strip() for name in text.split(","))


def parse_workers(text: str | int | None) -> int | None:
    """Return the number in '4', None for 'auto'."""
    if text is None or text == "auto":
        return None
    if not str(text).isdecimal():
        raise typer.BadParameter(f"must be auto or a number from 0 on; got {text!r}")
    return int(text)


def parse_seconds(text: str | float | None) -> float | None:
    """Return the seconds in '90', '90s', '15m' or '2h', None for 'auto'."""
    if text is None or text == "auto":
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|)", str(text).strip().lower())
    if match is None or (seconds := float(match[1]) * _SECONDS[match[2]]) <= 0:
        raise typer.BadParameter(
            f"must be auto or a time; got {text!r}; write for example 90s, 15m or 2h"
        )
    return seconds


def parse_devices(text: str | tuple[int, ...]) -> tuple[int, ...]:
    """Return the numbers in '0,1'."""
    if isinstance(text, tuple):
        return text
    if not re.fullmatch(r"\d+(\s*,\s*\d+)*", text.strip()):
        raise typer.BadParameter(
            f"must be numbers of GPUs; got {text!r}; write for example 0,1"
        )
    return tuple(map(int, text.split(",")))
