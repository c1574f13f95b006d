"""Several networks, each compared with the same one (Dunnett 1955)."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Final

from nas.report.blocks import SeedBlocks, accuracy_of, log_odds

_LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Versus:
    """An accuracy less that of the base, in [-1, 1], on average over common seeds.

    ``low`` to ``high`` is an interval: with a confidence of 95 %, those of all the
    networks hold at once. ``p`` is how likely chance alone makes one of so many
    networks differ as much. All three are None where that cannot be said: from one seed
    only, or without any spread. ``difference`` is None without a seed in common.
    """

    difference: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None

    @property
    def apart(self) -> bool:
        """Whether chance alone hardly explains the difference."""
        return (
            self.low is not None
            and self.high is not None
            and not self.low <= 0 <= self.high
        )


def versus(
    base: str, reached: Mapping[str, Mapping[int, float]], images: int
) -> dict[str, Versus]:
    """Return how all networks but the base compare with it.

    The model is that of `SeedBlocks`: seeds are paired, and the spread is pooled. The
    intervals are those of log odds, shown as accuracies at the base's mean.

    Args:
        base: its name.
        reached: the accuracies of each network by the numbers of their seeds.
        images: that each accuracy was measured on.
    """
    plain = {
        name: Versus(difference=_mean_difference(own, reached[base]))
        for name, own in reached.items()
        if name != base
    }
    names = [name for name, found in plain.items() if found.difference is not None]
    known = SeedBlocks(reached, images)
    found = known.differences(names, base) if names else None
    if found is None:
        return plain
    differences, covariance = found
    spreads = covariance.diagonal() ** 0.5
    within = _Largest(covariance / spreads[:, None] / spreads, known.freedom)
    reach = within.quantile(_LEVEL)
    mean = fmean(reached[base].values())
    odds = log_odds(mean, images)
    # What is added at 0 and 1 is not quite taken away again.
    middle = accuracy_of(odds, images)
    for name, difference, spread in zip(names, differences, spreads, strict=True):
        plain[name] = Versus(
            difference=plain[name].difference,
            low=accuracy_of(odds + difference - reach * spread, images) - middle,
            high=accuracy_of(odds + difference + reach * spread, images) - middle,
            p=max(0.0, 1 - within.chance(abs(difference) / spread)),
        )
    return plain


class _Largest:
    """The largest of some Student's t, taken without signs, that are correlated."""

    def __init__(self, correlation: Any, freedom: int) -> None:
        from scipy.stats import multivariate_t

        self.number = len(correlation)
        self.freedom = freedom
        self.t = multivariate_t(shape=correlation, df=freedom, allow_singular=True)

    def chance(self, limit: float) -> float:
        """Return how likely it is within a limit."""
        import numpy as np

        ends = np.full(self.number, limit)
        # The integration draws points; the same ones each time, so that it is smooth.
        return float(self.t.cdf(ends, lower_limit=-ends, random_state=0))

    def quantile(self, chance: float) -> float:
        """Return the limit that it is within with so much of a chance."""
        from scipy.optimize import brentq
        from scipy.special import stdtrit

        # Of one alone, and as Bonferroni has it; a little more for rounding.
        tails = (1 - chance) / 2, (1 - chance) / 2 / self.number
        low, high = (float(stdtrit(self.freedom, 1 - tail)) for tail in tails)
        return float(
            brentq(
                lambda limit: self.chance(limit) - chance,
                0.98 * low,
                1.02 * high,
                xtol=1e-3,
            )
        )


def _mean_difference(
    own: Mapping[int, float], base: Mapping[int, float]
) -> float | None:
    both = own.keys() & base.keys()
    if not both:
        return None
    return fmean(own[seed] - base[seed] for seed in sorted(both))
