"""How far trials came where successive halving stopped some, and what that saved."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from nas.records import TrialRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow:
    """One trial, however far it came.

    ``accuracy`` is that on the validation split after the last of its ``epochs``, of
    which a whole training has ``of_epochs``, and ``standing`` what a stopped one was
    judged by; accuracies at different epochs do not compare.
    """

    trial: int
    status: str
    epochs: int
    of_epochs: int
    accuracy: float | None
    standing: float | None
    params: int
    macs: int
    seconds: float
    hash: str
    arm: str


def trial_rows(records: Iterable[TrialRecord], epochs: int) -> tuple[TrialRow, ...]:
    """Return a row for each trial, given the epochs of a whole training."""
    return tuple(
        TrialRow(
            trial=record.trial,
            status=record.status,
            epochs=len(record.curve),
            of_epochs=epochs,
            accuracy=record.curve[-1] if record.curve else None,
            standing=standing(record),
            params=record.params,
            macs=record.macs,
            seconds=record.seconds,
            hash=record.hash,
            arm=record.arm,
        )
        for record in records
    )


def standing(record: TrialRecord) -> float | None:
    """Return the accuracy that a stopped trial was judged by; None for others."""
    if record.status != "stopped" or not record.standings:
        return None
    return record.standings[-1][1]


def stopped(records: Iterable[TrialRecord]) -> dict[int, int]:
    """Return how many trials were stopped after how many epochs, fewest first."""
    ends = (len(r.curve) for r in records if r.status == "stopped")
    return dict(sorted(Counter(ends).items()))


def epochs_spent(records: Iterable[TrialRecord]) -> int:
    """Return the epochs that were trained in all."""
    return sum(record.trained_epochs for record in records)


def describe_stops(records: Iterable[TrialRecord], epochs: int) -> str:
    """Return the counts in words, and the epochs against those of whole trainings.

    Such as '7 trained to the end, 12 stopped after 2 of 15 epochs and 5 after 5; 158
    epochs in all, and 360 without halving'. Random search beside the search is left
    out, for nothing of it is ever stopped.
    """
    records = tuple(record for record in records if record.arm == "search")
    whole = sum(record.status == "complete" for record in records)
    parts = [f"{count} after {end}" for end, count in stopped(records).items()]
    if parts:
        parts[0] = parts[0].replace("after", "stopped after") + f" of {epochs} epochs"
    words = " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)
    joined = f"{whole} trained to the end" + (f", {words}" if words else "")
    plain = epochs * len(records)
    return (
        f"{joined}; {epochs_spent(records):,} epochs in all, "
        f"and {plain:,} without halving"
    )
