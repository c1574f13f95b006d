"""The samplers by name, each configured for this job."""

from typing import TYPE_CHECKING, Final

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


def make_sampler(name: str, seed: int, space: "BoundSpace") -> "BaseSampler":
    """Return the sampler of a name in ``SAMPLERS``.

    Raises:
        ConfigError: when it cannot search that space.
    """
    from nas.search.samplers.catalog import sampler
    from nas.search.samplers.counted import Counted

    return sampler(name, seed, **Counted(space).hooks())
