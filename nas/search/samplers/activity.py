"""Which genes of a parameter set are in use, learnt from parameter sets that tell.

Optuna's trials name only the genes that the objective asked for. Mostly such a gene
hangs on one other: "block1.concat.growth" is asked for where "block1.aggregation" is
"concat". That is found here; what follows no such rule counts as in use.
"""

import numpy as np

from nas.search.samplers.codes import Codes, Rows

_ABSENT = -1.0


class Activity:
    """Rules "gene i is in use where gene j has one of these codes", and their use.

    Args:
        codes: of the search space.
    """

    def __init__(self, codes: Codes) -> None:
        self.codes = codes
        self.rules: list[tuple[int, int, frozenset[float]]] = []
        self._examples: dict[bytes, Rows] = {}
        self._stale = False

    def note(self, row: Rows) -> None:
        """Take in a row whose absent genes are NaN."""
        coded = np.nan_to_num(row, nan=_ABSENT)
        # The values of ranges don't decide what is in use, and are many.
        for i, gene in enumerate(self.codes.genes):
            if not gene.is_listed and coded[i] >= 0:
                coded[i] = 0
        key = coded.tobytes()
        if key not in self._examples and len(self._examples) < 2000:
            self._examples[key] = coded
            self._stale |= not self._explains(coded)

    def apply(self, rows: Rows) -> Rows:
        """Return the rows with NaN where a gene is not in use."""
        if self._stale:
            self._learn()
        return self._ruled(rows)

    def settled(self, row: Rows) -> Rows:
        """Return one row with NaN where a gene is not in use."""
        one: Rows = self.apply(row[None])[0]
        return one

    def _ruled(self, rows: Rows) -> Rows:
        """Apply the rules as they are."""
        rows = rows.copy()
        for i, j, values in self.rules:
            parent = np.nan_to_num(rows[:, j], nan=_ABSENT)
            if not self.codes.genes[j].is_listed:
                parent = np.where(parent >= 0, 0.0, _ABSENT)
            rows[~np.isin(parent, list(values)), i] = np.nan
        return rows

    def _explains(self, coded: Rows) -> bool:
        full = np.where(coded < 0, 0.0, coded)[None]
        return bool(np.array_equal(np.isnan(self._ruled(full))[0], coded < 0))

    def _learn(self) -> None:
        """Find, for each gene that is absent at times, the gene that decides it."""
        self._stale = False
        seen = np.stack(list(self._examples.values()))
        absent = seen < 0
        settled = [i for i in range(seen.shape[1]) if not absent[:, i].any()]
        open_ = [i for i in range(seen.shape[1]) if absent[:, i].any()]
        self.rules = []
        progress = True
        while open_ and progress:
            progress = False
            for i in list(open_):
                if (rule := self._rule(i, settled, seen, absent)) is not None:
                    self.rules.append(rule)
                    settled.append(i)
                    open_.remove(i)
                    progress = True

    def _rule(
        self, i: int, parents: list[int], seen: Rows, absent: np.ndarray
    ) -> tuple[int, int, frozenset[float]] | None:
        # The gene that was asked for just before is the likeliest.
        for j in sorted(parents, key=lambda j: (j > i, abs(i - j))):
            on = set(seen[~absent[:, i], j].tolist())
            off = set(seen[absent[:, i], j].tolist())
            if on.isdisjoint(off) and on | off != {0.0}:
                gene = self.codes.genes[j]
                every = set(range(int(gene.num_values))) if gene.is_listed else {0}
                # What nobody has seen yet counts as in use.
                return i, j, frozenset({*every, _ABSENT} - off)
        return None
