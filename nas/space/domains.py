"""What a gene may be: a choice among options, or a range of numbers."""

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nas.arch import Gene

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.distributions import BaseDistribution


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few options; a single option is fixed and no gene at all."""

    options: tuple[Gene, ...]

    def __post_init__(self) -> None:
        assert self.options

    def __str__(self) -> str:
        return ", ".join(str(option) for option in self.options)

    @property
    def num_values(self) -> float:
        """How many values there are."""
        return len(self.options)

    def contains(self, value: Gene) -> bool:
        """Tell whether the value, and not one that merely equals it, is an option."""
        return any(o == value and type(o) is type(value) for o in self.options)

    def distribution(self) -> "BaseDistribution":
        """Return the Optuna distribution of the same values."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.options)

    def suggest(self, trial: "Trial", name: str) -> Gene:
        """Let an Optuna trial pick a value."""
        value: Gene = trial.suggest_categorical(name, self.options)  # type: ignore[assignment]
        return value

    def sample(self, rng: random.Random) -> Gene:
        """Draw a value uniformly."""
        return rng.choice(self.options)


@dataclass(frozen=True, slots=True)
class IntRange:
    """Integers from ``low`` to ``high`` in steps, or even in their logarithm."""

    low: int
    high: int
    step: int = 1
    log: bool = False

    def __str__(self) -> str:
        steps = f" in steps of {self.step}" if self.step > 1 else ""
        return f"{self.low:,} to {self.high:,}{steps}{', log' if self.log else ''}"

    @property
    def num_values(self) -> float:
        """How many values there are."""
        return (self.high - self.low) // self.step + 1

    @property
    def options(self) -> tuple[Gene, ...]:
        """All values, the lowest first."""
        return tuple(range(self.low, self.high + 1, self.step))

    def contains(self, value: Gene) -> bool:
        """Tell whether the value is an integer of the range."""
        return (
            isinstance(value, int)
            and not isinstance(value, bool)
            and self.low <= value <= self.high
            and (value - self.low) % self.step == 0
        )

    def distribution(self) -> "BaseDistribution":
        """Return the Optuna distribution of the same values."""
        from optuna.distributions import IntDistribution

        return IntDistribution(self.low, self.high, step=self.step, log=self.log)

    def suggest(self, trial: "Trial", name: str) -> Gene:
        """Let an Optuna trial pick a value."""
        return trial.suggest_int(
            name, self.low, self.high, step=self.step, log=self.log
        )

    def sample(self, rng: random.Random) -> Gene:
        """Draw a value as Optuna's random sampler does."""
        if self.log:
            # Half a unit on either side gives the ends their share.
            drawn = rng.uniform(math.log(self.low - 0.5), math.log(self.high + 0.5))
            return min(max(round(math.exp(drawn)), self.low), self.high)
        return rng.randrange(self.low, self.high + 1, self.step)


@dataclass(frozen=True, slots=True)
class FloatRange:
    """Real numbers from ``low`` to ``high``, or even in their logarithm."""

    low: float
    high: float
    log: bool = False

    def __str__(self) -> str:
        return f"{self.low} to {self.high}{', log' if self.log else ''}"

    @property
    def num_values(self) -> float:
        """How many values there are."""
        return math.inf

    def contains(self, value: Gene) -> bool:
        """Tell whether the value is a number of the range."""
        return (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and self.low <= value <= self.high
        )

    def distribution(self) -> "BaseDistribution":
        """Return the Optuna distribution of the same values."""
        from optuna.distributions import FloatDistribution

        return FloatDistribution(self.low, self.high, log=self.log)

    def suggest(self, trial: "Trial", name: str) -> Gene:
        """Let an Optuna trial pick a value."""
        return trial.suggest_float(name, self.low, self.high, log=self.log)

    def sample(self, rng: random.Random) -> Gene:
        """Draw a value as Optuna's random sampler does."""
        if self.log:
            drawn = math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
            return min(max(drawn, self.low), self.high)
        return rng.uniform(self.low, self.high)


Domain = Choice | IntRange | FloatRange


def is_fixed(domain: Domain) -> bool:
    """Tell whether a domain has a single option, and so is no gene."""
    return isinstance(domain, Choice) and len(domain.options) == 1
