"""Every network of a small space, in random order."""

from typing import final

import numpy as np

from nas.errors import ConfigError
from nas.search.samplers.codes import Rows
from nas.search.samplers.history import History
from nas.search.samplers.pool import Pool
from nas.search.samplers.sizes import Sizes
from nas.search.samplers.unseen import ENUMERATED, Unseen


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


def check_grid(num_rows: float) -> None:
    """Check that a space of so many parameter sets has a grid.

    Raises:
        ConfigError: when it has none.
    """
    if num_rows > ENUMERATED:
        many = f"{num_rows:.3g}" if num_rows < float("inf") else "endlessly many"
        raise ConfigError(
            f"sampler 'grid' goes through at most {ENUMERATED:,} combinations of "
            f"genes; this space has {many}; use 'size-aware' or 'random'"
        )
