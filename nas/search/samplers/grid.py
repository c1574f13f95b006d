"""Every network of a small space, in random order."""

from typing import final

import numpy as np

from nas.search.samplers.codes import Rows
from nas.search.samplers.history import History
from nas.search.samplers.limits import check_grid
from nas.search.samplers.pool import Pool
from nas.search.samplers.sizes import Sizes
from nas.search.samplers.unseen import Unseen


@final
class Grid:
    """Takes what is left, whatever the results.

    Args:
        pool: of candidates.
        sizes: of networks.
        first: rows to begin with; they are in the grid anyway.
        rng: of the order.

    Raises:
        ConfigError: when there are too many parameter sets for a grid.
    """

    def __init__(
        self,
        pool: Pool,
        sizes: Sizes,
        first: list[Rows],  # noqa: ARG002
        rng: np.random.Generator,
    ) -> None:
        check_grid(pool.codes.num_rows)
        self.unseen = Unseen(pool, sizes, rng)

    def propose(self, history: History) -> Rows | None:
        """Return a canonical row that was not tried yet, None where there is none."""
        return self.unseen.any(history)
