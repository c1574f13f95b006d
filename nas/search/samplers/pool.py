"""Candidates that nobody has tried: neighbours of good rows, crossings, random rows."""

from typing import Final

import numpy as np

from nas.search.samplers.activity import Activity
from nas.search.samplers.codes import Codes, Rows

_NEIGHBOURS: Final = 250
_SECOND: Final = 150
_CROSSED: Final = 60
_RANDOM: Final = 150
_MUTANTS: Final = 10


class Pool:
    """Makes candidates, canonical and different from each other.

    Args:
        codes: of the search space.
        activity: which genes are in use.
        start: a row of the codes that some genes begin with, NaN for the others.
    """

    def __init__(self, codes: Codes, activity: Activity, start: Rows) -> None:
        self.codes = codes
        self.activity = activity
        self.start = start

    def started(self, row: Rows) -> Rows:
        """Return a row with the codes that genes begin with."""
        return np.where(np.isnan(self.start), row, self.start)

    def draw(self, rng: np.random.Generator, number: int) -> Rows:
        """Draw random rows."""
        return self._different(self.codes.draw(rng, number))

    def around(self, front: Rows, rng: np.random.Generator) -> Rows:
        """Return candidates for a front: neighbours, theirs, crossings, random rows."""
        full = self._filled(front, rng)
        near = self.neighbours(full, rng)
        parents = full[rng.integers(len(full), size=(2, max(_SECOND, _CROSSED)))]
        second = self.codes.mutate(parents[0][:_SECOND], rng)
        second = self.codes.mutate(second, rng)
        crossed = self.codes.cross(parents[0, :_CROSSED], parents[1, :_CROSSED], rng)
        drawn = self.codes.draw(rng, _RANDOM)
        return self._different(np.concatenate([near, second, crossed, drawn]))

    def neighbours(self, rows: Rows, rng: np.random.Generator) -> Rows:
        """Return rows one gene away from some row, at most some hundreds of them."""
        full = self._filled(rows, rng)
        near = np.concatenate([self.codes.neighbours(row, rng) for row in full])
        if len(near) > _NEIGHBOURS:
            near = near[rng.choice(len(near), _NEIGHBOURS, replace=False)]
        return self._different(near)

    def mutants(self, rows: Rows, rng: np.random.Generator) -> Rows:
        """Return some rows one random change away."""
        full = self._filled(np.repeat(rows, _MUTANTS, axis=0), rng)
        return self._different(self.codes.mutate(full, rng))

    def every(self) -> Rows:
        """Return all rows of a small space."""
        return self._different(self.codes.every())

    def _filled(self, rows: Rows, rng: np.random.Generator) -> Rows:
        """Return the rows with random values for genes that are not in use."""
        return np.where(np.isnan(rows), self.codes.draw(rng, len(rows)), rows)

    def _different(self, rows: Rows) -> Rows:
        rows = self.activity.apply(rows)
        if not len(rows) or not rows.shape[1]:
            return rows[:1]
        coded = np.nan_to_num(rows, nan=-1.0)
        return rows[np.unique(coded, axis=0, return_index=True)[1]]
