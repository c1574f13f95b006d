"""Samplers for any search space with a size, by name."""

import warnings
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler

from nas.search.samplers.around_front import AroundFront
from nas.search.samplers.codes import Codes
from nas.search.samplers.evolution import Evolution
from nas.search.samplers.grid import Grid
from nas.search.samplers.limits import check_grid
from nas.search.samplers.rows import RowSampler
from nas.search.samplers.size_aware import SizeAwareSampler
from nas.search.samplers.sizes import SizeOf


def sampler(
    name: str,
    seed: int | None,
    search_space: Mapping[str, BaseDistribution],
    size_of: SizeOf,
    **hooks: Any,
) -> BaseSampler:
    """Return the sampler of a name in ``SAMPLERS``.

    Args:
        name: of the sampler.
        seed: of everything drawn.
        search_space: the distribution of every gene.
        size_of: the exact size of a parameter set.
        hooks: further arguments of ``SizeAwareSampler``, for those that are ours.

    Raises:
        ConfigError: when it cannot search that space.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        match name:
            case "size-aware":
                return SizeAwareSampler(search_space, size_of, seed, **hooks)
            case "local":
                return RowSampler(AroundFront, search_space, size_of, seed, **hooks)
            case "evolution":
                return RowSampler(Evolution, search_space, size_of, seed, **hooks)
            case "grid":
                check_grid(Codes(search_space).num_rows)
                return RowSampler(Grid, search_space, size_of, seed, **hooks)
            case "tpe":
                # Genes that exclude each other make groups, each with its own model.
                return optuna.samplers.TPESampler(
                    seed=seed, multivariate=True, group=True
                )
            case "gp":
                return optuna.samplers.GPSampler(
                    seed=seed, warn_independent_sampling=False
                )
            case "nsga2":
                return optuna.samplers.NSGAIISampler(seed=seed, population_size=20)
            case "nsga3":
                return optuna.samplers.NSGAIIISampler(seed=seed, population_size=20)
            case "random":
                return optuna.samplers.RandomSampler(seed=seed)
    raise AssertionError(name)
