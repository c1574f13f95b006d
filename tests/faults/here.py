"""Command lines that run in the process of the tests, whose workers start quickly."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str
