"""The precision of a search's trainings, decided once for all of them."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Final

from nas.executors import call, start_server
from nas.records import Recipe
from nas.search.config import SearchConfig
from nas.search.workers import places
from nas.space import BoundSpace
from nas.train import PRELOAD
from nas.train.precision import Precision, measured_precision, resolve_precision

NETWORKS: Final = 2
"""Drawn from the space and measured."""


def settled_recipe(config: SearchConfig, bound: BoundSpace) -> Callable[[], Recipe]:
    """Begin to find out the precision; return what waits for the recipe that has it.

    A recipe that says which one is left as it is.

    Args:
        config: of the search.
        bound: the space that it draws from.
    """
    recipe = config.recipe
    if recipe.precision != "auto":
        return lambda: recipe
    rng = random.Random(0)
    drawn = [bound.sample(rng) for _ in range(NETWORKS)]
    measure = partial(measured_precision, drawn, recipe.batch_size)
    if config.workers != 0:
        measure = partial(_in_worker, measure)
    on_gpu = places(config.device, config.devices)[0] != "cpu"
    executor = ThreadPoolExecutor(max_workers=1)
    side = min(bound.input_shape[1:])
    found = executor.submit(resolve_precision, measure, on_gpu=on_gpu, side=side)
    executor.shutdown(wait=False)

    def settled() -> Recipe:
        return replace(recipe, precision=found.result())

    return settled


def _in_worker(measure: Callable[[], Precision]) -> Precision:
    try:
        found: Precision = call(start_server(PRELOAD), measure)
    except ChildProcessError:
        return "float32"  # what cannot be measured cannot be trusted either
    return found
