"""What the surrogate sees of a network: its genes, how often each choice is made, size.

Every feature belongs to a group with one length scale. A choice is one column an option
(two rows that differ are at distance 1), a range one column; a gene that is not in use
has a column of its own. Genes with equal domains, as those of a space's blocks are,
share a group that counts their values wherever they stand: two networks whose blocks
have merely changed places are then close. The size is known before training and a
coordinate like the others; so is how far from whole a training was, where some were
stopped.
"""

import math

import numpy as np
from numpy.typing import NDArray

from nas.search.samplers.codes import Codes, Rows


class Features:
    """Rows of codes as points whose squared distances the surrogate's kernel takes.

    Args:
        codes: of the search space.
        with_lag: whether there are trainings that were stopped.
    """

    def __init__(self, codes: Codes, *, with_lag: bool = False) -> None:
        self.codes = codes
        self.with_lag = with_lag
        alike: dict[str, list[int]] = {}
        for i, gene in enumerate(codes.genes):
            alike.setdefault(repr(gene.distribution), []).append(i)
        self._alike = [same for same in alike.values() if len(same) > 1]
        groups: list[int] = []
        for i, gene in enumerate(codes.genes):
            groups += [i] * (1 + (int(gene.num_values) if gene.is_choice else 1))
        for k, same in enumerate(self._alike):
            gene = codes.genes[same[0]]
            width = int(gene.num_values) if gene.is_choice else 1
            groups += [len(codes.genes) + k] * width
        num_groups = len(codes.genes) + len(self._alike)
        groups += range(num_groups, num_groups + 1 + with_lag)
        self.groups: NDArray[np.intp] = np.array(groups)
        unscaled = []
        for gene in codes.genes:
            half = math.sqrt(2)
            unscaled += [half if gene.is_choice else 1.0]
            unscaled += [half] * (int(gene.num_values) if gene.is_choice else 1)
        self._unscaled = np.array(unscaled)

    def genes(self, rows: Rows) -> Rows:
        """Return the columns of the genes alone, unscaled, within [0, 1]."""
        columns = self(rows, np.zeros(len(rows)))[
            :, self.groups < len(self.codes.genes)
        ]
        return np.asarray(columns * self._unscaled)

    def __call__(self, rows: Rows, sizes: Rows, lags: Rows | None = None) -> Rows:
        """Return the points of rows (N, genes) and their scaled log sizes (N,).

        Args:
            rows: canonical.
            sizes: scaled.
            lags: (N,) logs of how many times longer a whole training is; None for
                whole trainings.
        """
        half = math.sqrt(0.5)
        columns: list[Rows] = []
        by_gene: list[Rows] = []
        for i, gene in enumerate(self.codes.genes):
            code = rows[:, i]
            absent = np.isnan(code)
            if gene.is_choice:
                options = np.arange(int(gene.num_values))
                hot = (code[:, None] == options).astype(float)
                columns += [half * hot, half * absent[:, None]]
                by_gene.append(hot)
            else:
                unit = np.where(absent, 0.5, gene.unit(np.where(absent, 0, code)))
                columns += [unit[:, None], half * absent[:, None]]
                by_gene.append(np.where(absent, 0, unit)[:, None])
        for same in self._alike:
            counts = np.sum([by_gene[i] for i in same], axis=0)
            columns.append(counts / math.sqrt(len(same)))
        columns.append(sizes[:, None])
        if self.with_lag:
            columns.append((np.zeros(len(rows)) if lags is None else lags)[:, None])
        return np.concatenate(columns, axis=1)
