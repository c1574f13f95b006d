"""How much a network would add to the front, in expectation.

The front is a staircase over the log of size, or of another cost. What a candidate
costs is known, so what it would add is, at every larger cost, how far its error lies
under the stair: a sum of one-dimensional integrals with a closed form, not the usual
integral over two unknowns.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from nas.search.samplers.codes import Rows


@dataclass(frozen=True, slots=True)
class Staircase:
    """The lowest error reached at or under each size, or other cost.

    Args:
        sizes: (K,) where the stairs begin, in the log of size, ascending.
        errors: (K,) descending log errors of the stairs; the first is the reference.
        end: where the last stair ends.
    """

    sizes: Rows
    errors: Rows
    end: float

    @classmethod
    def of(cls, sizes: Rows, errors: Rows, start: float, end: float) -> "Staircase":
        """Return the staircase of observed networks, from the worst of them."""
        where, level = [start], [float(errors.max())]
        for i in np.lexsort((errors, sizes)):
            if errors[i] < level[-1]:
                where.append(float(sizes[i]))
                level.append(float(errors[i]))
        return cls(np.array(where), np.array(level), max(end, where[-1]))

    def expected(self, sizes: Rows, mean: Rows, std: Rows) -> Rows:
        """Return the expected area that networks add to the front.

        Args:
            sizes: (M,) log sizes, known.
            mean: (M,) of the predicted log error.
            std: (M,) of the same.
        """
        ends = np.append(self.sizes[1:], self.end)
        begin = np.maximum(self.sizes, sizes[:, None])
        width = np.maximum(ends - begin, 0)
        deviation = np.maximum(std, 1e-9)[:, None]
        ahead = (self.errors - mean[:, None]) / deviation
        # A put option: the error is log-normal, the stair is the strike.
        expected = np.exp(mean[:, None] + 0.5 * deviation**2)
        height = np.exp(self.errors) * ndtr(ahead) - expected * ndtr(ahead - deviation)
        return np.asarray((width * np.maximum(height, 0)).sum(axis=1))


def is_front(costs: Rows, errors: Rows) -> NDArray[np.bool_]:
    """Tell which networks no other one beats in all costs and error.

    Of equal ones the first is on the front. What is not known counts as endless.

    Args:
        costs: (N, D), or (N,) of one cost.
        errors: (N,)
    """
    known = np.nan_to_num(costs, nan=np.inf, posinf=np.inf)
    points = np.column_stack([known, errors])
    found = np.zeros(len(errors), dtype=bool)
    # Whoever beats a network stands before it, so the first one left is on the front.
    left = np.lexsort(points.T[::-1])
    while len(left):
        first, left = left[0], left[1:]
        found[first] = True
        left = left[(points[left] < points[first]).any(axis=1)]
    return found
