"""Regularised evolution: the young have children, the best of a few by dominance.

After Real et al. 2019, "Regularized Evolution for Image Classifier Architecture
Search": the population is the latest results, so that age and not merit ends a life.
With several objectives a tournament goes to the rank of non-dominated sorting (Deb et
al. 2002), ties to a draw.
"""

from typing import Final

import numpy as np

from nas.search.samplers.codes import Rows
from nas.search.samplers.history import History
from nas.search.samplers.improvement import is_front
from nas.search.samplers.pool import Pool
from nas.search.samplers.sizes import Sizes
from nas.search.samplers.unseen import Unseen

_POPULATION: Final = 50
_TOURNAMENT: Final = 10
_TRIES: Final = 20


class Evolution:
    """Begins with random networks, half a population of them.

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
        self.first = first

    def propose(self, history: History) -> Rows | None:
        """Return a canonical row that was not tried yet, None where there is none."""
        if (row := self.unseen.next_of(self.first, history)) is not None:
            return row
        if len(history.rows) < _POPULATION // 2:
            return self.unseen.any(history)
        rows, values, costs = (part[-_POPULATION:] for part in history.arrays())
        rank = ranks(costs, -values)
        for _ in range(_TRIES):
            drawn = self.rng.choice(
                len(rows), min(_TOURNAMENT, len(rows)), replace=False
            )
            parent = rows[drawn[np.argmin(rank[drawn])]][None]
            children, _ = self.unseen.among(
                self.pool.mutants(parent, self.rng), history
            )
            chances = self.rng.random(len(children))
            if (child := self.unseen.best(children, chances, history)) is not None:
                return child
        return self.unseen.any(history)


def ranks(costs: Rows, errors: Rows) -> Rows:
    """Return the number of fronts to be taken away until each one is on the front."""
    rank = np.zeros(len(errors))
    left = np.arange(len(errors))
    while len(left):
        front = is_front(costs[left], errors[left])
        left = left[~front]
        rank[left] += 1
    return rank
