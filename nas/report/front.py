"""The Pareto front: the trials that no other beats in accuracy and all costs at once.

The only cost is size, unless somebody asks for others.
"""

from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from math import isfinite
from operator import itemgetter, le

import numpy as np

from nas.records import TrialRecord
from nas.report.costs import SIZE, CostAxis, values

_Order = tuple[float, ...]
"""A trial's costs, its accuracy negated, and its number."""


class Front:
    """The Pareto front of the trials inserted so far, by the first cost, least first.

    With one cost, that and accuracy rise strictly along it. Of trials with the same
    costs and accuracy it keeps the earliest, whatever the order of insertion.

    Args:
        records: to begin with.
        costs: of the search.
    """

    def __init__(
        self, records: Iterable[TrialRecord] = (), costs: Sequence[CostAxis] = SIZE
    ) -> None:
        self._costs = tuple(costs)
        self._records: list[TrialRecord] = []
        self._orders: list[_Order] = []
        for record in records:
            self.insert(record)

    def insert(self, record: TrialRecord) -> bool:
        """Take a trial in; return whether it is on the front now.

        A trial that failed, has no finite accuracy or an unknown cost never is. Most
        trials are beaten by the member next to them, and cost no more than to find it.
        """
        if not is_compared(record, self._costs):
            return False
        order = _order(record, self._costs)
        place = bisect(self._orders, order)
        if any(_beats(ahead, order) for ahead in reversed(self._orders[:place])):
            return False
        kept = [
            i for i in range(place, len(self)) if not _beats(order, self._orders[i])
        ]
        self._records[place:] = [record, *(self._records[i] for i in kept)]
        self._orders[place:] = [order, *(self._orders[i] for i in kept)]
        return True

    def __iter__(self) -> Iterator[TrialRecord]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)


def pareto_front(
    records: Iterable[TrialRecord], costs: Sequence[CostAxis] = SIZE
) -> tuple[TrialRecord, ...]:
    """Return the trials that no other beats, by the first cost, least first."""
    compared = [(_order(r, costs), r) for r in records if is_compared(r, costs)]
    compared.sort(key=itemgetter(0))
    points = np.array([order[:-1] for order, _ in compared])
    front: list[TrialRecord] = []
    left = np.arange(len(compared))
    # Whoever beats a trial stands before it, so the first one left is on the front.
    while len(left):
        first, left = left[0], left[1:]
        front.append(compared[first][1])
        left = left[(points[left] < points[first]).any(axis=1)]
    return tuple(front)


def best(
    records: Iterable[TrialRecord],
    max_params: int | None = None,
    costs: Sequence[CostAxis] = SIZE,
) -> TrialRecord | None:
    """Return the most accurate trial of at most ``max_params`` parameters, if any.

    Of equally accurate ones it is the cheapest, by the first cost that tells them
    apart, of those the earliest.
    """
    small = [
        record
        for record in records
        if is_compared(record, costs)
        and (max_params is None or record.params <= max_params)
    ]
    return min(small, key=lambda r: (-_accuracy(r), *_order(r, costs)), default=None)


def has_accuracy(record: TrialRecord) -> bool:
    """Return whether a trial is complete, and its accuracy a number."""
    return (
        record.status == "complete"
        and record.accuracy is not None
        and isfinite(record.accuracy)
    )


def is_compared(record: TrialRecord, costs: Iterable[CostAxis]) -> bool:
    """Return whether a trial has an accuracy, and all of these costs are known."""
    return has_accuracy(record) and all(cost.of(record) is not None for cost in costs)


def _beats(one: _Order, other: _Order) -> bool:
    """Tell whether a trial beats another one that stands behind it."""
    return all(map(le, one[:-1], other[:-1]))


def _order(record: TrialRecord, costs: Sequence[CostAxis]) -> _Order:
    """Put whatever may beat a trial ahead of it."""
    return (*values(record, costs), -_accuracy(record), record.trial)


def _accuracy(record: TrialRecord) -> float:
    assert record.accuracy is not None
    return record.accuracy
