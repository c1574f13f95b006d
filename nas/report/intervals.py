"""What several trainings of one network say, and how two rankings agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Accuracies of trainings from several seeds.

    ``std`` is their standard deviation, and ``low`` to ``high`` the 95 % interval of
    the mean by Student's t, both None where there are too few. Equal accuracies have no
    interval, either: a few of them on some hundred images are equal by chance, not
    because there is no noise.
    """

    number: int
    mean: float
    std: float | None
    low: float | None
    high: float | None

    @property
    def half(self) -> float | None:
        """Half the width of the interval, before it is cut off at 0 and 1."""
        return None if not self.std else half_width(self.std, self.number)


def spread(values: Sequence[float]) -> Spread:
    """Return mean, deviation and interval of one accuracy or more, in [0, 1]."""
    mean = fmean(values)
    std = stdev(values) if len(values) > 1 else None
    low = high = None
    if std:
        half = half_width(std, len(values))
        low, high = max(0.0, mean - half), min(1.0, mean + half)
    return Spread(number=len(values), mean=mean, std=std, low=low, high=high)


def half_width(std: float, number: int) -> float:
    """Return half of the 95 % interval of a mean of so many, by Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(number - 1, 0.975)) * std / sqrt(number)


def kendall(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Return Kendall's rank correlation tau-b; None where one side is all ties."""
    agree = only_one = only_other = 0
    for i in range(len(one)):
        for j in range(i):
            a = (one[i] > one[j]) - (one[i] < one[j])
            b = (other[i] > other[j]) - (other[i] < other[j])
            agree += a * b
            only_one += a != 0
            only_other += b != 0
    if not only_one or not only_other:
        return None
    return agree / sqrt(only_one * only_other)
