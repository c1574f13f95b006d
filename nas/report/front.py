"""The Pareto front: the trials that no other beats in both accuracy and size."""

from bisect import bisect
from collections.abc import Iterable, Iterator
from math import isfinite

from nas.records import TrialRecord


class Front:
    """The Pareto front of the trials inserted so far, by size, smallest first.

    Both parameters and accuracy rise strictly along it. Of trials with the same
    parameters and accuracy it keeps the earliest, whatever the order of insertion.
    """

    def __init__(self, records: Iterable[TrialRecord] = ()) -> None:
        self._records: list[TrialRecord] = []
        for record in records:
            self.insert(record)

    def insert(self, record: TrialRecord) -> bool:
        """Take a trial in, in O(log n); return whether it is on the front now.

        A trial that failed or has no finite accuracy never is.
        """
        if not has_accuracy(record):
            return False
        place = bisect(self._records, _order(record), key=_order)
        if place and _accuracy(self._records[place - 1]) >= _accuracy(record):
            return False
        end = place
        while end < len(self._records) and (
            _accuracy(self._records[end]) <= _accuracy(record)
        ):
            end += 1
        self._records[place:end] = [record]
        return True

    def __iter__(self) -> Iterator[TrialRecord]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)


def pareto_front(records: Iterable[TrialRecord]) -> tuple[TrialRecord, ...]:
    """Return the trials that no other beats, by parameters, smallest first."""
    front: list[TrialRecord] = []
    for record in sorted(filter(has_accuracy, records), key=_order):
        if not front or _accuracy(record) > _accuracy(front[-1]):
            front.append(record)
    return tuple(front)


def best(
    records: Iterable[TrialRecord], max_params: int | None = None
) -> TrialRecord | None:
    """Return the most accurate trial of at most ``max_params`` parameters, if any.

    Of equally accurate ones it is the smallest, of those the earliest.
    """
    small = (r for r in records if max_params is None or r.params <= max_params)
    front = pareto_front(small)
    return front[-1] if front else None


def has_accuracy(record: TrialRecord) -> bool:
    """Return whether a trial can be compared: it is complete, its accuracy a number."""
    return (
        record.status == "complete"
        and record.accuracy is not None
        and isfinite(record.accuracy)
    )


def _order(record: TrialRecord) -> tuple[int, float, int]:
    """Put whatever may beat a trial ahead of it."""
    return record.params, -_accuracy(record), record.trial


def _accuracy(record: TrialRecord) -> float:
    assert record.accuracy is not None
    return record.accuracy
