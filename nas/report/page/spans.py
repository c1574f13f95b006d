"""When and where trials were trained, as far as their records tell."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import isfinite
from typing import Final

from nas.records import TrialRecord

_SLACK_SECONDS: Final = 1.0
"""Ends are known to the second, so neighbours may seem to overlap by as much."""

_LEAST_GAP_SECONDS: Final = 60.0
_LEAST_GAP: Final = 0.1
"""Of the time in which anything was trained: what is longer is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A trial's training in time.

    ``begin`` and ``end`` are seconds since the first trial began, without the gaps that
    are left out. They are the same where the training was in ``parts``: only the end of
    the last of these is known.
    """

    record: TrialRecord
    begin: float
    end: float
    lane: int
    parts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time in which nothing was trained: where it was, how many seconds it took."""

    at: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The trainings of a run in lanes, in none of which two are at once.

    ``lanes`` have the device that each is on, and whether it is that of trainings in
    parts; ``undated`` counts the trials whose end is not known.
    """

    spans: tuple[Span, ...]
    lanes: tuple[tuple[str, bool], ...]
    gaps: tuple[Gap, ...]
    undated: int

    @property
    def seconds(self) -> float:
        """How long it took, without the gaps that are left out."""
        return max((span.end for span in self.spans), default=0.0)


def training_parts(record: TrialRecord) -> int:
    """Return how many times a training began, pauses by successive halving apart."""
    return max(1, len(record.standings) + (record.status != "stopped"))


def course_of(records: Iterable[TrialRecord]) -> Course:
    """Return when and where trials were trained.

    Lanes stand for what trained one network at a time. Which of these a trial was on is
    not recorded; it is given the lane of its device that was free last.
    """
    records = list(records)
    found = [span for record in records if (span := _span(record)) is not None]
    found.sort(key=lambda span: (span.begin, span.end, span.record.trial))
    close, gaps = _without_gaps(found)
    spans, lanes = _in_lanes(close)
    return Course(
        spans=spans, lanes=lanes, gaps=gaps, undated=len(records) - len(found)
    )


def _span(record: TrialRecord) -> Span | None:
    try:
        at = datetime.fromisoformat(record.finished)
    except ValueError:
        return None
    end = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    seconds = record.seconds if isfinite(record.seconds) else 0.0
    parts = training_parts(record)
    return Span(record=record, begin=end - seconds, end=end, lane=0, parts=parts)


def _without_gaps(spans: Sequence[Span]) -> tuple[list[Span], tuple[Gap, ...]]:
    """Return spans, sorted by their begin, from 0 on and without long gaps."""
    busy, until = 0.0, float("-inf")
    for span in spans:
        busy += max(0.0, span.end - max(until, span.begin))
        until = max(until, span.end)
    least = max(_LEAST_GAP_SECONDS, _LEAST_GAP * busy)
    close, gaps = [], []
    left_out = spans[0].begin if spans else 0.0
    until = left_out
    for span in spans:
        if (idle := span.begin - until) > least:
            gaps.append(Gap(at=until - left_out, seconds=idle))
            left_out += idle
        until = max(until, span.end)
        close.append(
            replace(span, begin=span.begin - left_out, end=span.end - left_out)
        )
    return close, tuple(gaps)


def _in_lanes(
    spans: Iterable[Span],
) -> tuple[tuple[Span, ...], tuple[tuple[str, bool], ...]]:
    """Put spans into lanes, those of a device together.

    They come by their ends, which are known in their order, however short they are.
    """
    ends: dict[tuple[str, bool], list[float]] = {}
    placed: list[tuple[Span, tuple[str, bool], int]] = []
    for span in sorted(spans, key=lambda s: (s.end, s.begin, s.record.trial)):
        key = (span.record.device, span.parts > 1)
        own = ends.setdefault(key, [])
        if span.parts > 1:
            span = replace(span, begin=span.end)
            lane = 0
            own[:] = [span.end]
        else:
            free = [
                i for i, end in enumerate(own) if end <= span.begin + _SLACK_SECONDS
            ]
            lane = max(free, key=own.__getitem__, default=len(own))
            own[lane:] = [span.end, *own[lane + 1 :]]
        placed.append((span, key, lane))
    first: dict[tuple[str, bool], int] = {}
    lanes: list[tuple[str, bool]] = []
    for key in sorted(ends):
        first[key] = len(lanes)
        lanes += [key] * len(ends[key])
    return (
        tuple(replace(span, lane=first[key] + lane) for span, key, lane in placed),
        tuple(lanes),
    )
