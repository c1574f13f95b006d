"""Successive halving with two objectives: which trial is trained on, and how far.

Asynchronous, after Li et al. 2020 ("A System for Massively Parallel Hyperparameter
Tuning", ASHA): every network is trained to the first rung; of the networks that have
reached a rung the best part, one in ``eta``, is trained on to the next one. The best
are those that few others beat in accuracy and size at once (non-dominated sorting, Deb
et al. 2002), so a small network is judged among its peers; ties go to the one with most
room around it in (accuracy, log of size). Values in, values out: nothing here trains,
reads or writes.
"""

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

LEAST_SHARE: Final = 0.1
"""No rung is shorter than this part of a training: it would tell too little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a network has reached at a rung; ``accuracy`` is a number."""

    trial: int
    accuracy: float
    params: int


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
    """Return for each trial how many others beat it in accuracy and size."""
    found: dict[int, int] = {}
    ascending: list[float] = []
    for one in _by_size(standings):
        found[one.trial] = len(ascending) - bisect_left(ascending, one.accuracy)
        insort(ascending, one.accuracy)
    return found


def ranked(standings: Iterable[Standing]) -> list[Standing]:
    """Return networks best first: by front, then by crowding distance within it.

    Of networks with the same size and accuracy the earlier trial beats the later one.
    Takes O(n log n).
    """
    fronts: list[list[Standing]] = []
    # Along this order a front's accuracies rise, and of two fronts the better one
    # has the better last accuracy: these, negated, ascend.
    lasts: list[float] = []
    for one in _by_size(standings):
        place = bisect_right(lasts, -one.accuracy)
        if place == len(fronts):
            fronts.append([])
            lasts.append(0.0)
        fronts[place].append(one)
        lasts[place] = -one.accuracy
    return [one for front in fronts for one in _by_room(front)]


def _by_size(standings: Iterable[Standing]) -> list[Standing]:
    """Return networks such that whoever beats one stands before it."""
    return sorted(standings, key=lambda s: (s.params, -s.accuracy, s.trial))


def _by_room(front: Sequence[Standing]) -> list[Standing]:
    """Return the members of a front, given by size, by falling crowding distance."""
    rooms = crowding([(s.accuracy, math.log(s.params)) for s in front])
    order = sorted(
        range(len(front)),
        key=lambda i: (-rooms[i], -front[i].accuracy, front[i].trial),
    )
    return [front[i] for i in order]


def crowding(points: Sequence[tuple[float, float]]) -> list[float]:
    """Return the crowding distance of the points of a front (Deb et al. 2002).

    Args:
        points: in the order along the front; both coordinates rise.
    """
    if len(points) < 3:
        return [math.inf] * len(points)
    (first_x, first_y), (last_x, last_y) = points[0], points[-1]
    width, height = last_x - first_x, last_y - first_y
    rooms = [math.inf]
    for (x0, y0), (x1, y1) in zip(points, points[2:], strict=False):
        rooms.append((x1 - x0) / width + (y1 - y0) / height)
    rooms.append(math.inf)
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

    def take_in(self, trial: int, params: int, reached: Mapping[int, float]) -> None:
        """Take in the accuracies that a trial has reached, by the epochs of the rungs.

        One that is no number counts as 0.
        """
        for rung, epochs in enumerate(self.rungs):
            if epochs not in reached:
                break
            accuracy = reached[epochs] if math.isfinite(reached[epochs]) else 0.0
            standing = Standing(trial=trial, accuracy=accuracy, params=params)
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
