"""Exact sizes of parameter sets, counted once each."""

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final

import numpy as np

from nas.errors import DoesNotFit
from nas.search.samplers.codes import Codes, Rows

SizeOf = Callable[[dict[str, Any]], float]
CostOf = SizeOf | None
"""Counts a cost of a parameter set that fits; None for one that has to be measured."""

_REMEMBERED: Final = 200_000
_SMALLEST: Final = 1e-9
_LARGER: Final = np.array([0.0, 0.07, 0.15, 0.3, 0.5])
"""Steps along the range of the size asked for, until a topology fits."""


class Sizes:
    """The log of the size of rows; NaN for those that don't fit.

    Rows are canonical: NaN where a gene is not in use, for which ``size_of`` gets the
    gene's first value.

    Args:
        codes: of the search space.
        size_of: the exact size of a parameter set, or raises ``DoesNotFit``.
        size_gene: the gene that is the size asked for, where counting takes long.
        identity_of: equal for parameter sets that make the same network.
        costs: what is minimized; by default size is the only cost.
    """

    def __init__(
        self,
        codes: Codes,
        size_of: SizeOf,
        size_gene: str | None,
        identity_of: Callable[[dict[str, Any]], Hashable] | None,
        costs: Sequence[CostOf] | None = None,
    ) -> None:
        self.codes = codes
        self.size_of = size_of
        self._size_gene = None if size_gene is None else codes.names.index(size_gene)
        self.identity_of = identity_of
        self._counts = costs
        self._known: dict[bytes, float] = {}
        self._known_costs: dict[bytes, list[float]] = {}

    @property
    def are_cheap(self) -> bool:
        """Whether every candidate may be counted."""
        return self._size_gene is None

    @property
    def are_costs(self) -> bool:
        """Whether size is the only cost."""
        return self._counts is None

    @property
    def num_costs(self) -> int:
        """How many costs there are."""
        return 1 if self._counts is None else len(self._counts)

    def costs(self, rows: Rows) -> Rows:
        """Return the logs (N, D) of the costs of rows, NaN for what is not counted."""
        if self._counts is None:
            return self.exact(rows)[:, None]
        found = [self._counted(row, self._counts) for row in rows]
        return np.array(found).reshape(-1, self.num_costs)

    def exact(self, rows: Rows) -> Rows:
        """Return the log sizes of rows."""
        return np.array([self._exact(row) for row in rows])

    def rough(self, rows: Rows) -> Rows:
        """Return log sizes as asked for, exact ones where they are cheap or known."""
        if (i := self._size_gene) is None:
            return self.exact(rows)
        gene = self.codes.genes[i]
        return np.array(
            [
                self._known[key]
                if (key := row.tobytes()) in self._known
                else log_size(gene.decode(row[i]))
                for row in rows
            ]
        )

    def larger(self, row: Rows) -> list[Rows]:
        """Return the row, and the same with ever larger sizes asked for, if it can."""
        if (i := self._size_gene) is None:
            return [row]
        gene = self.codes.genes[i]
        rows = np.repeat(row[None], len(_LARGER), axis=0)
        rows[:, i] = gene.from_unit(gene.unit(rows[:, i]) + _LARGER)
        return list(rows)

    def identity(self, row: Rows) -> Hashable:
        """Return what is equal for rows that make the same network."""
        if self.identity_of is None:
            return row.tobytes()
        return self.identity_of(self.codes.decode(np.nan_to_num(row)))

    def _counted(self, row: Rows, counts: Sequence[CostOf]) -> list[float]:
        key = row.tobytes()
        if (known := self._known_costs.get(key)) is not None:
            return known
        found = [math.nan] * len(counts)
        if math.isfinite(self._exact(row)):
            params = self.codes.decode(np.nan_to_num(row))
            found = [math.nan if of is None else log_size(of(params)) for of in counts]
        if len(self._known_costs) >= _REMEMBERED:
            self._known_costs.clear()
        self._known_costs[key] = found
        return found

    def _exact(self, row: Rows) -> float:
        key = row.tobytes()
        if (known := self._known.get(key)) is not None:
            return known
        try:
            size = log_size(self.size_of(self.codes.decode(np.nan_to_num(row))))
        except DoesNotFit:
            size = math.nan
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = size
        return size


def log_size(size: float) -> float:
    """Return the log of a size; NaN for one that is none."""
    return math.log(max(size, _SMALLEST)) if math.isfinite(size) else math.nan
