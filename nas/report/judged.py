"""Trials as repeats have shown them to be."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from nas.noise import Repeat
from nas.records import TrialRecord
from nas.report.intervals import spread

Repeats = Mapping[int, Sequence[Repeat]]
"""The repeats of each trial that has any, by its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatFacts:
    """What the repeats of a trial came to; its own, first training is left out.

    That one was chosen for being high, so a mean with it in would be too high.

    ``mean`` is over the ``complete`` repeats, ``std`` their standard deviation, and
    ``low`` to ``high`` the 95 % interval of the mean by Student's t: None where there
    are too few for them. Equal repeats have no interval, either: a few of them on some
    hundred images are equal by chance, not because there is no noise.
    """

    complete: int
    failed: int
    mean: float | None
    std: float | None
    low: float | None
    high: float | None


def repeat_facts(repeats: Iterable[Repeat]) -> RepeatFacts | None:
    """Return what a trial's repeats came to, None when there are none."""
    repeats = list(repeats)
    if not repeats:
        return None
    reached = [
        repeat.accuracy
        for repeat in repeats
        if repeat.accuracy is not None and isfinite(repeat.accuracy)
    ]
    failed = len(repeats) - len(reached)
    if not reached:
        return RepeatFacts(
            complete=0, failed=failed, mean=None, std=None, low=None, high=None
        )
    found = spread(reached)
    return RepeatFacts(
        complete=len(reached),
        failed=failed,
        mean=found.mean,
        std=found.std,
        low=found.low,
        high=found.high,
    )


def judged(records: Iterable[TrialRecord], repeats: Repeats) -> list[TrialRecord]:
    """Return the trials, repeated ones with the mean of their repeats as accuracy."""
    return [_judged(record, repeats.get(record.trial, ())) for record in records]


def _judged(record: TrialRecord, repeats: Sequence[Repeat]) -> TrialRecord:
    found = repeat_facts(repeats)
    if found is None or found.mean is None:
        return record
    return record.with_accuracy(found.mean)
