"""Whether networks differ that were trained from the same seeds."""

from collections.abc import Iterable, Mapping, Sequence
from math import exp, log, sqrt
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEVEL: Final = 0.05


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
            (self._names.index(name), seeds.index(seed), log_odds(accuracy, images))
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
        free = 1 - np.einsum("ij,jk,ik->i", design, self._inverse, design)
        own = design[:, : len(self._names)].T
        self._own_squares, self._own_freedom = own @ rest**2, own @ free

    def p_value(self, one: str, other: str) -> float | None:
        """Return how likely chance alone makes a difference as large, two-sided.

        None where that cannot be said: one seed only, none in common, or no spread at
        all, as with few networks on few images.
        """
        from scipy.special import stdtr

        found = self.differences([one], other)
        if found is None:
            return None
        (difference,), ((variance,),) = found
        return 2 * float(stdtr(self.freedom, -abs(difference) / sqrt(variance)))

    def differences(
        self, names: Sequence[str], base: str
    ) -> "tuple[NDArray[Any], NDArray[Any]] | None":
        """Return how much higher networks are than one of them, in log odds.

        That is an array (N,) of differences and their covariance (N, N). None where
        that cannot be said, as with ``p_value``.
        """
        import numpy as np

        if not {base, *names} <= set(self._names):
            return None
        contrasts = np.zeros((len(names), len(self._effects)))
        for row, name in enumerate(names):
            contrasts[row, self._names.index(name)] = 1
            contrasts[row, self._names.index(base)] = -1
        are_estimable = np.allclose(contrasts @ self._estimable, contrasts, atol=1e-6)
        # Rounding leaves a trace of a spread where there is none.
        if not are_estimable or self.freedom < 1 or self._variance < 1e-18:
            return None
        covariance = self._variance * contrasts @ self._inverse @ contrasts.T
        return contrasts @ self._effects, covariance

    def wild(self) -> tuple[str, ...]:
        """Return the networks whose noise is larger than that of the others.

        Each is tested against the rest by the ratio of variances, and the chance of
        even one false alarm among them is about 5 %.
        """
        from scipy.special import fdtrc

        total = self._variance * self.freedom
        found = []
        for name, squares, freedom in zip(
            self._names, self._own_squares, self._own_freedom, strict=True
        ):
            others, left = total - squares, self.freedom - freedom
            if min(freedom, left) > 0.5 and squares > 1e-18:
                ratio = squares / freedom / max(others / left, 1e-18)
                if fdtrc(freedom, left, ratio) * len(self._names) < _LEVEL:
                    found.append(name)
        return tuple(found)


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


def log_odds(accuracy: float, images: int) -> float:
    """Return the logarithm of right to wrong, half an image added to both."""
    right = accuracy * images
    return log((right + 0.5) / (images - right + 0.5))


def accuracy_of(odds: float, images: int) -> float:
    """Return the accuracy of which these are the ``log_odds``."""
    right = (images + 1) / (1 + exp(-odds)) - 0.5
    return min(1.0, max(0.0, right / images))
