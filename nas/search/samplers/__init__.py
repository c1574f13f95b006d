"""The samplers by name, each configured for this job."""

from typing import TYPE_CHECKING, Final

from nas.errors import ConfigError

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

    from nas.space import BoundSpace

SAMPLERS: Final = (
    "size-aware",
    "tpe",
    "nsga2",
    "nsga3",
    "gp",
    "random",
    "local",
    "evolution",
    "grid",
)

GP_TRIALS: Final = 300
"""Most trials for Optuna's Gaussian process; each ask then takes seconds."""


def make_sampler(name: str, seed: int, space: "BoundSpace") -> "BaseSampler":
    """Return the sampler of a name in ``SAMPLERS``.

    Raises:
        ConfigError: when it cannot search that space.
    """
    from nas.search.samplers.catalog import sampler
    from nas.search.samplers.counted import Counted

    return sampler(name, seed, **Counted(space).hooks())


def check_sampler(name: str, trials: int) -> None:
    """Check that a sampler copes with so many trials.

    Raises:
        ConfigError: when it doesn't, naming one that does.
    """
    if name == "gp" and trials > GP_TRIALS:
        raise ConfigError(
            f"sampler 'gp' takes at most {GP_TRIALS} trials, for each ask takes longer "
            f"than the one before; got {trials}; use 'size-aware', which stays fast"
        )
