"""Whether networks differ that were trained from the same seeds."""

from collections.abc import Iterable, Mapping
from math import log, sqrt
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from numpy.typing import NDArray


@final
class SeedBlocks:
    """Paired t-tests between networks, with the seeds as blocks.

    The model of a randomised block design: an accuracy, as log odds, is that of the
    network plus that of the seed plus noise, whose spread is the same for all networks
    and estimated from all of them. With two networks it is Student's paired t-test;
    with more of them, a few seeds say more. In log odds, noise at 99 % is about as
    large as at 70 %, and half an image is added on both sides so that 100 % has some.

    Args:
        reached: the accuracies of each network by the numbers of their seeds.
        images: that each accuracy was measured on.
    """

    def __init__(self, reached: Mapping[str, Mapping[int, float]], images: int) -> None:
        import numpy as np

        self._names = [name for name, own in reached.items() if own]
        seeds = sorted({seed for own in reached.values() for seed in own})
        cells = [
            (self._names.index(name), seeds.index(seed), _log_odds(accuracy, images))
            for name, own in reached.items()
            for seed, accuracy in own.items()
        ]
        design = np.zeros((len(cells), len(self._names) + len(seeds)))
        for row, (network, seed, _) in enumerate(cells):
            design[row, network] = 1
            design[row, len(self._names) + seed] = 1
        values = np.array([value for *_, value in cells])
        self._inverse: NDArray[Any] = np.linalg.pinv(design.T @ design)
        self._effects = self._inverse @ design.T @ values
        self._estimable = self._inverse @ design.T @ design
        rank = int(np.linalg.matrix_rank(design)) if cells else 0
        self.freedom = len(cells) - rank
        rest = values - design @ self._effects
        self._variance = float(rest @ rest) / self.freedom if self.freedom else 0.0

    def p_value(self, one: str, other: str) -> float | None:
        """Return how likely chance alone makes a difference as large, two-sided.

        None where that cannot be said: one seed only, none in common, or no spread at
        all, as with few networks on few images.
        """
        import numpy as np
        from scipy.special import stdtr

        if one not in self._names or other not in self._names:
            return None
        contrast = np.zeros(len(self._effects))
        contrast[self._names.index(one)] = 1
        contrast[self._names.index(other)] = -1
        is_estimable = np.allclose(self._estimable @ contrast, contrast, atol=1e-6)
        # Rounding leaves a trace of a spread where there is none.
        if not is_estimable or self.freedom < 1 or self._variance < 1e-18:
            return None
        spread = sqrt(self._variance * float(contrast @ self._inverse @ contrast))
        t = float(contrast @ self._effects) / spread
        return 2 * float(stdtr(self.freedom, -abs(t)))


def holm(p_values: Iterable[float]) -> tuple[float, ...]:
    """Return p-values adjusted for their number, in their order (Holm 1979).

    With them, the chance of even one false alarm among all is at most the level.
    """
    p_values = tuple(p_values)
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return tuple(adjusted)


def _log_odds(accuracy: float, images: int) -> float:
    right = accuracy * images
    return log((right + 0.5) / (images - right + 0.5))
