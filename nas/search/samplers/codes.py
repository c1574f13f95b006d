"""Parameter sets of an Optuna search space as rows of numbers, and moves among them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

Rows = NDArray[np.float64]

_LISTED: Final = 16
"""Genes of up to so many values have all of them as neighbours."""

_STRIDES: Final = (0.02, 0.08, 0.25)
"""Standard deviations of moves along a range, as fractions of it."""


@dataclass(frozen=True, slots=True)
class GeneCode:
    """One gene: a choice or an integer is coded by its place, a float within [0, 1]."""

    distribution: BaseDistribution
    num_values: float

    @classmethod
    def of(cls, distribution: BaseDistribution) -> "GeneCode":
        """Return the code of a distribution; continuous genes have infinite values."""
        match distribution:
            case CategoricalDistribution():
                return cls(distribution, len(distribution.choices))
            case IntDistribution():
                steps = (distribution.high - distribution.low) // distribution.step
                return cls(distribution, steps + 1)
            case FloatDistribution(low=low, high=high, step=None):
                return cls(distribution, 1 if low == high else math.inf)
            case FloatDistribution(low=low, high=high, step=float(step)):
                return cls(distribution, math.floor((high - low) / step + 1e-9) + 1)
        raise ValueError(f"no code for a {type(distribution).__name__}")

    @property
    def is_choice(self) -> bool:
        """Whether its values have no order."""
        return isinstance(self.distribution, CategoricalDistribution)

    @property
    def is_listed(self) -> bool:
        """Whether its values are few enough to look at each of them."""
        return self.is_choice or self.num_values <= _LISTED

    def encode(self, value: Any) -> float:
        """Return the code of a value.

        Raises:
            ValueError: when the distribution does not hold it.
        """
        d = self.distribution
        code: float
        match d:
            case CategoricalDistribution():
                code = d.to_internal_repr(value)
            case IntDistribution():
                code = round((value - d.low) / d.step)
            case FloatDistribution():
                if self.num_values == 1:
                    code = 0
                elif d.step is not None:
                    code = round((value - d.low) / d.step)
                elif d.log:
                    code = math.log(value / d.low) / math.log(d.high / d.low)
                else:
                    code = (value - d.low) / (d.high - d.low)
        last = 1 if math.isinf(self.num_values) else self.num_values - 1
        if not -1e-9 <= code <= last + 1e-9:
            raise ValueError(f"{value!r} is not in {d}")
        return float(min(max(code, 0), last))

    def decode(self, code: float) -> Any:
        """Return the value of a code."""
        d = self.distribution
        match d:
            case CategoricalDistribution():
                return d.choices[int(code)]
            case IntDistribution():
                return d.low + int(code) * d.step
        assert isinstance(d, FloatDistribution)
        if self.num_values == 1:
            return d.low
        if d.step is not None:
            return min(d.low + int(code) * d.step, d.high)
        if d.log:
            return float(min(max(d.low * (d.high / d.low) ** code, d.low), d.high))
        return float(min(max(d.low + code * (d.high - d.low), d.low), d.high))

    def unit(self, codes: Rows) -> Rows:
        """Return codes of a range as positions within [0, 1], even in its log."""
        if math.isinf(self.num_values):
            return codes
        if self.num_values == 1:
            return np.zeros_like(codes)
        d = self.distribution
        if isinstance(d, IntDistribution) and d.log:
            return np.log(1 + codes / d.low) / math.log(d.high / d.low)
        return codes / (self.num_values - 1)

    def from_unit(self, units: Rows) -> Rows:
        """Return the codes at, or nearest to, positions within [0, 1]."""
        units = np.clip(np.asarray(units), 0, 1)
        if math.isinf(self.num_values):
            return units
        d = self.distribution
        if isinstance(d, IntDistribution) and d.log:
            values = d.low * (d.high / d.low) ** units
            return np.asarray(np.clip(np.rint(values) - d.low, 0, d.high - d.low))
        return np.rint(units * (self.num_values - 1))

    def draw(self, rng: np.random.Generator, number: int) -> Rows:
        """Draw codes as random search does."""
        if self.is_listed:
            return rng.integers(int(self.num_values), size=number).astype(float)
        return self.from_unit(rng.random(number))


class Codes:
    """The codes of all genes of a search space, in its order.

    Args:
        search_space: the distribution of every gene, conditional ones included.
    """

    def __init__(self, search_space: Mapping[str, BaseDistribution]) -> None:
        self.names = tuple(search_space)
        self.genes = tuple(GeneCode.of(d) for d in search_space.values())

    @property
    def num_rows(self) -> float:
        """How many parameter sets there are, those that amount to the same included."""
        return math.prod(gene.num_values for gene in self.genes)

    def encode(self, params: Mapping[str, Any]) -> Rows:
        """Return the row of a parameter set; NaN stands for what is absent."""
        return np.array(
            [
                gene.encode(params[name]) if name in params else math.nan
                for name, gene in zip(self.names, self.genes, strict=True)
            ],
            dtype=float,
        )

    def decode(self, row: Rows) -> dict[str, Any]:
        """Return the parameter set of a row."""
        return {
            name: gene.decode(code)
            for name, gene, code in zip(
                self.names, self.genes, row.tolist(), strict=True
            )
            if code == code
        }

    def draw(self, rng: np.random.Generator, number: int) -> Rows:
        """Draw rows uniformly."""
        columns = [gene.draw(rng, number) for gene in self.genes]
        return np.stack(columns, axis=1) if columns else np.zeros((number, 0))

    def every(self) -> Rows:
        """Return all rows of a space that is finite, and small."""
        axes = [np.arange(int(gene.num_values), dtype=float) for gene in self.genes]
        if not axes:
            return np.zeros((1, 0))
        return np.stack([g.ravel() for g in np.meshgrid(*axes, indexing="ij")], axis=1)

    def neighbours(self, row: Rows, rng: np.random.Generator) -> Rows:
        """Return rows that differ in one gene: in all its values, or a few of many."""
        found = []
        for i, gene in enumerate(self.genes):
            if gene.is_listed:
                values = np.arange(int(gene.num_values), dtype=float)
            else:
                moves = np.repeat(_STRIDES, 2) * rng.standard_normal(2 * len(_STRIDES))
                values = gene.from_unit(gene.unit(row[i]) + moves)
            values = values[values != row[i]]
            changed = np.repeat(row[None], len(values), axis=0)
            changed[:, i] = values
            found.append(changed)
        return np.concatenate(found) if found else row[None][:0]

    def mutate(self, rows: Rows, rng: np.random.Generator) -> Rows:
        """Return the rows with one gene of each changed at random."""
        rows = rows.copy()
        places = rng.integers(len(self.genes), size=len(rows))
        for i, gene in enumerate(self.genes):
            here = np.flatnonzero(places == i)
            if not len(here) or gene.num_values == 1:
                continue
            if gene.is_listed:
                count = int(gene.num_values)
                shift = rng.integers(1, count, size=len(here))
                rows[here, i] = (rows[here, i] + shift) % count
            else:
                stride = rng.choice(_STRIDES, size=len(here))
                moves = stride * rng.standard_normal(len(here))
                rows[here, i] = gene.from_unit(gene.unit(rows[here, i]) + moves)
        return rows

    def cross(self, first: Rows, second: Rows, rng: np.random.Generator) -> Rows:
        """Return rows that take each gene from one of two parents."""
        return np.where(rng.random(first.shape) < 0.5, first, second)
