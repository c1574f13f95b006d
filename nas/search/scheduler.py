"""Successive halving with several objectives: which trial trains on, and how far.

Asynchronous, after Li et al. 2020 ("A System for Massively Parallel Hyperparameter
Tuning", ASHA): every network is trained to the first rung; of the networks that have
reached a rung the best part, one in ``eta``, is trained on to the next one. The best
are those that few others beat in accuracy and costs at once (non-dominated sorting, Deb
et al. 2002), so a small network is judged among its peers; ties go to the one with most
room around it in (accuracy, logs of costs). Values in, values out: nothing here trains,
reads or writes.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import le
from typing import Final

import numpy as np

LEAST_SHARE: Final = 0.1
"""No rung is shorter than this part of a training: it would tell too little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a network has reached at a rung, a number, and what it costs."""

    trial: int
    accuracy: float
    costs: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """A trial that is to be trained on, until it has had ``epochs`` in all."""

    trial: int
    epochs: int


def rung_epochs(epochs: int, eta: int) -> tuple[int, ...]:
    """Return the epochs after which trainings pause, ascending, and the last one.

    Each rung is ``eta`` times as long as the one before, rounded: (2, 5, 15) for 15
    epochs in thirds.
    """
    found = [epochs]
    for power in range(1, epochs):
        rung = math.floor(epochs / eta**power + 0.5)
        if rung < max(1, LEAST_SHARE * epochs) or rung == found[-1]:
            break
        found.append(rung)
    return tuple(reversed(found))


def expected_epochs(rungs: Sequence[int], eta: int, trials: int) -> int:
    """Return the epochs that so many networks take, when one in ``eta`` goes on."""
    spent = before = 0
    for epochs in rungs:
        spent += trials * (epochs - before)
        before, trials = epochs, trials // eta
    return spent


def beaten_by(standings: Iterable[Standing]) -> dict[int, int]:
    """Return for each trial how many others beat it in accuracy and all costs."""
    ordered = _by_cost(standings)
    found: dict[int, int] = {}
    if ordered and len(ordered[0].costs) == 1:
        ascending: list[float] = []
        for one in ordered:
            found[one.trial] = len(ascending) - bisect_left(ascending, one.accuracy)
            insort(ascending, one.accuracy)
        return found
    points = np.array([(*one.costs, -one.accuracy) for one in ordered])
    for i, one in enumerate(ordered):
        found[one.trial] = int((points[:i] <= points[i]).all(axis=1).sum())
    return found


def ranked(standings: Iterable[Standing]) -> list[Standing]:
    """Return networks best first: by front, then by crowding distance within it.

    Of networks with the same costs and accuracy the earlier trial beats the later one.
    Takes O(n log n) with one cost.
    """
    fronts: list[list[Standing]] = []
    for one in _by_cost(standings):
        # Whoever is beaten by a member of a front is so by one of every better front.
        place = bisect_left(fronts, True, key=lambda front: not _beaten(one, front))
        if place == len(fronts):
            fronts.append([])
        fronts[place].append(one)
    return [one for front in fronts for one in _by_room(front)]


def _by_cost(standings: Iterable[Standing]) -> list[Standing]:
    """Return networks such that whoever beats one stands before it."""
    return sorted(standings, key=lambda s: (*s.costs, -s.accuracy, s.trial))


def _beaten(one: Standing, front: Sequence[Standing]) -> bool:
    """Tell whether a front holds one that beats a network; all stand before that."""
    if len(one.costs) == 1:  # the last one is the most accurate
        return front[-1].accuracy >= one.accuracy
    return any(
        other.accuracy >= one.accuracy and all(map(le, other.costs, one.costs))
        for other in front
    )


def _by_room(front: Sequence[Standing]) -> list[Standing]:
    """Return the members of a front by falling crowding distance."""
    rooms = crowding([(s.accuracy, *map(math.log, s.costs)) for s in front])
    order = sorted(
        range(len(front)),
        key=lambda i: (-rooms[i], -front[i].accuracy, front[i].trial),
    )
    return [front[i] for i in order]


def crowding(points: Sequence[tuple[float, ...]]) -> list[float]:
    """Return the crowding distance of the points of a front (Deb et al. 2002)."""
    rooms = [0.0] * len(points)
    for values in zip(*points, strict=True):
        order = sorted(range(len(points)), key=values.__getitem__)
        first, last = order[0], order[-1]
        rooms[first] = rooms[last] = math.inf
        width = values[last] - values[first]
        for before, i, after in zip(order, order[1:], order[2:], strict=False):
            if width:
                rooms[i] += (values[after] - values[before]) / width
    return rooms


class Scheduler:
    """Decides on promotions, from what has come in.

    The order in which results came in does not matter, only which there are and who was
    promoted already: so a search that goes on decides as the one before would have.

    Args:
        rungs: ascending epochs, from ``rung_epochs``.
        eta: one in so many goes on.
    """

    def __init__(self, rungs: Sequence[int], eta: int) -> None:
        assert list(rungs) == sorted(set(rungs)), rungs
        assert eta >= 2, eta
        self.rungs = tuple(rungs)
        self.eta = eta
        self._reached: list[dict[int, Standing]] = [{} for _ in rungs]
        self._gone_on: list[set[int]] = [set() for _ in rungs]
        self._waiting_at: list[list[int] | None] = [None for _ in rungs]

    def take_in(
        self, trial: int, costs: tuple[float, ...], reached: Mapping[int, float]
    ) -> None:
        """Take in the accuracies that a trial has reached, by the epochs of the rungs.

        One that is no number counts as 0. Costs are more than 0.
        """
        for rung, epochs in enumerate(self.rungs):
            if epochs not in reached:
                break
            accuracy = reached[epochs] if math.isfinite(reached[epochs]) else 0.0
            standing = Standing(trial=trial, accuracy=accuracy, costs=costs)
            self._reached[rung][trial] = standing
            self._waiting_at[rung] = None
            if rung:
                self._gone_on[rung - 1].add(trial)

    def promoted(self, trial: int, epochs: int) -> None:
        """Take in that a trial is being trained on until it has had these epochs."""
        for rung in range(self.rungs.index(epochs)):
            self._gone_on[rung].add(trial)
            self._waiting_at[rung] = None

    def failed(self, trial: int) -> None:
        """Forget a trial, so that another may go on in its place."""
        for rung, reached in enumerate(self._reached):
            reached.pop(trial, None)
            self._gone_on[rung].discard(trial)
            self._waiting_at[rung] = None

    def promotion(self) -> Promotion | None:
        """Return who is to be trained on now, if anybody; the highest rung comes first.

        Whoever follows it says so with ``promoted``.
        """
        for rung in reversed(range(len(self.rungs) - 1)):
            waiting = self._waiting(rung)
            if waiting:
                return Promotion(trial=waiting[0], epochs=self.rungs[rung + 1])
        return None

    def best_paused(self) -> Promotion | None:
        """Return the promotion of the best network of the highest rung with a pause.

        For a search whose networks are too few for one in ``eta`` to go on.
        """
        for rung in reversed(range(len(self.rungs) - 1)):
            for standing in ranked(self._reached[rung].values()):
                if standing.trial not in self._gone_on[rung]:
                    epochs = self.rungs[rung + 1]
                    return Promotion(trial=standing.trial, epochs=epochs)
        return None

    def hopeless(self, to_come: int) -> set[int]:
        """Return paused trials that will not go on, whatever else comes in.

        Whoever beats a network now does so for ever; when those alone are as many as
        can go on, it stays where it is.

        Args:
            to_come: networks that have not reached the first rung and still may.
        """
        lost: set[int] = set()
        arriving = to_come
        for rung in range(len(self.rungs) - 1):
            reached = self._reached[rung]
            paused = reached.keys() - self._gone_on[rung]
            most = (len(reached) + arriving) // self.eta
            beaten = beaten_by(reached.values())
            stuck = {t for t in paused if not arriving or beaten[t] >= most}
            stuck -= set(self._waiting(rung))
            lost |= stuck
            under_way = self._gone_on[rung] - self._reached[rung + 1].keys()
            arriving += len(under_way) + len(paused - stuck)
        return lost

    def _waiting(self, rung: int) -> list[int]:
        """Return whom a rung promotes and has not promoted yet, best first."""
        found = self._waiting_at[rung]
        if found is None:
            reached = self._reached[rung]
            best = ranked(reached.values())[: len(reached) // self.eta]
            found = [s.trial for s in best if s.trial not in self._gone_on[rung]]
            self._waiting_at[rung] = found
        return found
