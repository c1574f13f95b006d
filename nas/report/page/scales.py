"""Where values of a trial lie along a row of the parallel coordinates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from nas.arch import Gene
from nas.drawing.human import human
from nas.records import TrialRecord
from nas.report.page.text import in_figure
from nas.report.page.words import percent

_MOST_CATEGORIES: Final = 7
"""More numbers than that are a range; more words share what is left, as "others"."""

_ROOM: Final = 52
"""Characters that the names of all categories of a row may have together."""

_FILLED: Final = 0.8
"""Part of a category's room that its trials are spread over."""

_RATIO: Final = 10
"""A range whose ends differ by more has a logarithmic scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What trials have of one thing, along a line from 0 to 1.

    Args:
        name: of the thing, for plotly.
        at: where each trial lies, in their order.
        ticks: places with what they stand for, for plotly.
    """

    name: str
    at: tuple[float, ...]
    ticks: tuple[tuple[float, str], ...]


def size_row(records: Sequence[TrialRecord]) -> Row:
    """Return trials by their parameters."""
    sizes = [float(record.params) for record in records]
    return _range("parameters", sizes, lambda value: human(round(value)))


def accuracy_row(records: Sequence[TrialRecord]) -> Row:
    """Return trials by their accuracy, on which half of a row has the better half."""
    reached = [record.accuracy or 0.0 for record in records]
    # By their ranks: most trials lie within a few percent of the best.
    order = sorted(set(reached))
    last = len(order) - 1
    place = {value: i / last if last else 0.5 for i, value in enumerate(order)}
    ends = dict.fromkeys((order[0], order[len(order) // 2], order[-1]))
    return Row(
        name="validation accuracy, by rank",
        at=tuple(place[value] for value in reached),
        ticks=tuple((place[value], percent(value)) for value in ends),
    )


def gene_row(name: str, records: Sequence[TrialRecord]) -> Row | None:
    """Return trials by one of their genes; None where it does not differ.

    A gene with few values has a room for each, and in it the more accurate trials lie
    further right. Trials that have no use for the gene are in a room of their own.
    """
    values = [(record.genes or {}).get(name) for record in records]
    different = list(dict.fromkeys(values))
    if len(different) < 2:
        return None
    numbers = [v for v in different if isinstance(v, int | float)]
    words = [v for v in different if isinstance(v, str)]
    is_range = len(numbers) > _MOST_CATEGORIES and None not in different and not words
    if is_range and not any(isinstance(number, bool) for number in numbers):
        given = [float(v) for v in values if v is not None]
        return _range(in_figure(name, 60), given, lambda value: f"{value:.3g}")
    return _rooms(in_figure(name, 60), values, records)


def _range(name: str, values: Sequence[float], write: Callable[[float], str]) -> Row:
    low, high = min(values), max(values)
    if low > 0 and high / low > _RATIO:
        span = log(high / low)
        at = tuple(log(value / low) / span for value in values)
        middle = (low * high) ** 0.5
    else:
        at = tuple((v - low) / (high - low) if high > low else 0.5 for v in values)
        middle = (low + high) / 2
    if high == low:
        return Row(name=name, at=at, ticks=((0.5, write(low)),))
    ticks = ((0.0, write(low)), (0.5, write(middle)), (1.0, write(high)))
    return Row(name=name, at=at, ticks=ticks)


def _rooms(
    name: str, values: Sequence[Gene | None], records: Sequence[TrialRecord]
) -> Row:
    counts: dict[Gene | None, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    known = sorted((v for v in counts if v is not None), key=lambda v: -counts[v])
    kept = sorted(known[:_MOST_CATEGORIES], key=_natural)
    has_others = len(kept) < len(known)
    rooms = [_label(value) for value in kept]
    rooms += ["others"] if has_others else []
    rooms += ["not in use"] if None in counts else []
    room_of: dict[Gene, int] = {value: i for i, value in enumerate(kept)}

    def room(value: Gene | None) -> int:
        if value is None:
            return len(rooms) - 1
        return room_of.get(value, len(kept))

    members: list[list[int]] = [[] for _ in rooms]
    for i, value in enumerate(values):
        members[room(value)].append(i)
    at = [0.0] * len(values)
    for number, own in enumerate(members):
        own.sort(key=lambda i: records[i].accuracy or 0.0)
        for rank, i in enumerate(own):
            within = 0.5 + _FILLED * ((rank + 0.5) / len(own) - 0.5)
            at[i] = (number + within) / len(rooms)
    longest = max(4, _ROOM // len(rooms))
    return Row(
        name=name,
        at=tuple(at),
        ticks=tuple(
            ((i + 0.5) / len(rooms), in_figure(label, longest))
            for i, label in enumerate(rooms)
        ),
    )


def _label(value: Gene) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _natural(value: Gene) -> tuple[bool, float, str]:
    """Put numbers ahead of words, and both in their order."""
    if isinstance(value, int | float):
        return (False, float(value), "")
    return (True, 0.0, str(value))
