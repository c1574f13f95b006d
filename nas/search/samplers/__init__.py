"""The samplers by name, each configured for this job."""

import warnings
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

SAMPLERS: Final = ("tpe", "random", "nsga2")


def make_sampler(name: str, seed: int) -> "BaseSampler":
    """Return the Optuna sampler of a name in ``SAMPLERS``."""
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        match name:
            case "tpe":
                # Genes that exclude each other make groups, each with its own model.
                return optuna.samplers.TPESampler(
                    seed=seed, multivariate=True, group=True
                )
            case "random":
                return optuna.samplers.RandomSampler(seed=seed)
            case "nsga2":
                return optuna.samplers.NSGAIISampler(seed=seed, population_size=20)
    raise AssertionError(name)
