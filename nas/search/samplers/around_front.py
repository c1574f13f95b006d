"""Local search: train an untried neighbour of some network on the front."""

from typing import Final

import numpy as np

from nas.search.samplers.codes import Rows
from nas.search.samplers.history import History
from nas.search.samplers.improvement import is_front
from nas.search.samplers.pool import Pool
from nas.search.samplers.sizes import Sizes
from nas.search.samplers.unseen import Unseen

_TRIES: Final = 20
_RANDOM: Final = 8
"""Networks drawn before the search begins, for a corner may lead nowhere."""


class AroundFront:
    """Begins with the smallest and the largest network, and a few random ones.

    Args:
        pool: of candidates.
        sizes: of networks.
        first: rows to begin with.
        rng: of everything drawn.
    """

    def __init__(
        self, pool: Pool, sizes: Sizes, first: list[Rows], rng: np.random.Generator
    ) -> None:
        self.pool = pool
        self.rng = rng
        self.unseen = Unseen(pool, sizes, rng)
        self.first = [*first, *(row for _, row in self.unseen.ends())]

    def propose(self, history: History) -> Rows | None:
        """Return a canonical row that was not tried yet, None where there is none."""
        if (row := self.unseen.next_of(self.first, history)) is not None:
            return row
        if len(history.rows) < _RANDOM:
            return self.unseen.any(history)
        rows, values, costs = history.arrays()
        front = rows[is_front(costs, -values)]
        for _ in range(_TRIES):
            parent = front[self.rng.integers(len(front))][None]
            near, _ = self.unseen.among(self.pool.neighbours(parent, self.rng), history)
            chances = self.rng.random(len(near))
            if (found := self.unseen.best(near, chances, history)) is not None:
                return found
        return self.unseen.any(history)
