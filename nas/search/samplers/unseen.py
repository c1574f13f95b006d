"""What was not tried yet, and how a search begins."""

import math
from typing import Final

import numpy as np

from nas.search.samplers.codes import Rows
from nas.search.samplers.history import History
from nas.search.samplers.limits import ENUMERATED
from nas.search.samplers.pool import Pool
from nas.search.samplers.sizes import Sizes

_MEASURED: Final = 200
_DRAWN: Final = 200
_NEAR: Final = 8
"""Networks whose neighbours are looked at when nothing else is found."""
_TRIES: Final = 10
"""Draws, for few networks of a space may fit."""


class Unseen:
    """Rows that fit and make a network which nobody has proposed.

    Args:
        pool: of candidates.
        sizes: of networks.
        rng: of everything drawn.
    """

    def __init__(self, pool: Pool, sizes: Sizes, rng: np.random.Generator) -> None:
        self.pool = pool
        self.sizes = sizes
        self.rng = rng

    def among(self, rows: Rows, history: History) -> tuple[Rows, Rows]:
        """Return the rows that are new, as far as genes tell, and their log sizes.

        Sizes are estimates where counting takes long.
        """
        rows = rows[[row.tobytes() not in history.seen for row in rows]]
        sizes = self.sizes.rough(rows)
        fits = np.isfinite(sizes)
        return rows[fits], sizes[fits]

    def best(self, rows: Rows, scores: Rows, history: History) -> Rows | None:
        """Return the row of the highest score that is new for certain."""
        for i in np.argsort(-scores):
            if self.has(rows[i], history):
                found: Rows = rows[i]
                return found
        return None

    def next_of(self, waiting: list[Rows], history: History) -> Rows | None:
        """Take rows off the list up to the first that is new, and return that one."""
        while waiting:
            row = self.pool.activity.settled(waiting.pop(0))
            if self.has(row, history):
                return row
        return None

    def has(self, row: Rows, history: History) -> bool:
        """Tell whether a row fits and makes a new network."""
        return (
            math.isfinite(self.sizes.exact(row[None])[0])
            and self.sizes.identity(row) not in history.taken
        )

    def any(self, history: History) -> Rows | None:
        """Return one that a small space still holds, or a random one of a large."""
        small = self.pool.codes.num_rows <= ENUMERATED
        known = [*history.running, *history.trained][-_NEAR:]
        if known and not small:
            # Where little fits, it is beside what did, for a larger size asked for.
            known += [self.sizes.larger(row)[-1] for row in known]
            known += [self.sizes.larger(row)[-1] for row in known]
            near = self.pool.neighbours(np.stack(known), self.rng)
            rows, _ = self.among(near, history)
            found = self.best(rows, self.rng.random(len(rows)), history)
            if found is not None:
                return found
        for _ in range(1 if small else _TRIES):
            rows = self.pool.every() if small else self.pool.draw(self.rng, _DRAWN)
            rows, _ = self.among(rows, history)
            found = self.best(rows, self.rng.random(len(rows)), history)
            if found is not None:
                return found
        return None

    def ends(self) -> list[tuple[float, Rows]]:
        """Return the smallest and the largest network, by descent from random ones.

        Returns:
            Two pairs (log size, row); none where no random network fits.
        """
        rows = self.pool.draw(self.rng, _MEASURED)
        sizes = self.sizes.rough(rows)
        if not np.isfinite(sizes).any():
            return []
        found = []
        for sign in (1, -1):
            at = int(np.nanargmin(sign * sizes))
            row, size = rows[at], sizes[at]
            for _ in range(2 * len(self.pool.codes.genes)):
                near = self.pool.neighbours(row[None], self.rng)
                reached = self.sizes.rough(near)
                if not np.isfinite(reached).any():
                    break
                at = int(np.nanargmin(sign * reached))
                if sign * reached[at] >= sign * size:
                    break
                row, size = near[at], reached[at]
            found.append((float(size), self.pool.started(row)))
        return found
