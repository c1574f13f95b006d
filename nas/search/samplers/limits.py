"""What samplers cannot do, said before anything is trained."""

import math
from typing import TYPE_CHECKING, Final

from nas.errors import ConfigError

if TYPE_CHECKING:
    from nas.space import BoundSpace

ENUMERATED: Final = 20_000
"""Spaces of up to so many parameter sets are searched to the last one."""

GP_TRIALS: Final = 300
"""Most trials for Optuna's Gaussian process; each ask then takes seconds."""


def check_trials(sampler: str, trials: int) -> None:
    """Check that a sampler copes with so many trials.

    Raises:
        ConfigError: when it doesn't, naming one that does.
    """
    if sampler == "gp" and trials > GP_TRIALS:
        raise ConfigError(
            f"sampler 'gp' takes at most {GP_TRIALS} trials, for each ask takes longer "
            f"than the one before; got {trials}; use 'size-aware', which stays fast"
        )


def check_costs(sampler: str, num_costs: int) -> None:
    """Check that a sampler copes with so many costs beside accuracy.

    Raises:
        ConfigError: when it doesn't, naming one that does.
    """
    if sampler == "gp" and num_costs > 1:
        raise ConfigError(
            f"sampler 'gp' takes one cost beside accuracy, for with several each ask "
            f"takes minutes; got {num_costs}; use 'size-aware', which stays fast"
        )


def check_space(sampler: str, space: "BoundSpace") -> None:
    """Check that a sampler can search a space.

    Raises:
        ConfigError: when it can't, naming one that can.
    """
    if sampler == "grid":
        check_grid(math.prod(domain.num_values for domain in space.domains.values()))


def check_grid(num_rows: float) -> None:
    """Check that a space of so many parameter sets has a grid.

    Raises:
        ConfigError: when it has none.
    """
    if num_rows > ENUMERATED:
        many = "endlessly many" if math.isinf(num_rows) else f"{num_rows:.3g}"
        raise ConfigError(
            f"sampler 'grid' goes through at most {ENUMERATED:,} combinations of "
            f"genes; this space has {many}; use 'size-aware' or 'random'"
        )
