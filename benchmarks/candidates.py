"""The candidates and images that the benchmarks of whole searches share."""

import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from platform import machine, python_version
from tempfile import TemporaryDirectory

import numpy as np

from nas.arch import Architecture
from nas.data import SearchData, Split, load
from nas.executors import LocalExecutor
from nas.nn.cost import cost
from nas.records import EvalRequest, EvalResult, Recipe
from nas.space import BoundSpace, SearchSpace
from nas.train import PRELOAD, start_evaluator


def drawn(data: SearchData, number: int, max_params: int) -> list[Architecture]:
    """Return random networks of the default space, always the same ones."""
    bound = BoundSpace(
        space=SearchSpace.load("default"),
        input_shape=data.input_shape,
        num_classes=data.num_classes,
        max_params=max_params,
    )
    rng = random.Random(0)
    return [bound.sample(rng) for _ in range(number)]


def images(source: str | None, num_train: int, num_validation: int) -> SearchData:
    """Return the first images of a source, or 28x28 ones that are made up."""
    if source is None:
        return _patterns(num_train, num_validation)
    data = load(source).for_search()
    return replace(
        data,
        train=_first(data.train, num_train),
        validation=_first(data.validation, num_validation),
    )


def flops(data: SearchData, architecture: Architecture, epochs: int) -> int:
    """Return the operations of a training, its backward pass twice the forward."""
    images = 3 * len(data.train) + len(data.validation)
    return 2 * cost(architecture).total.macs * images * epochs


def trained(
    data: SearchData,
    architectures: Sequence[Architecture],
    recipe: Recipe,
    seed: int,
    workers: int,
    meanwhile: Callable[[], object] = lambda: None,
) -> tuple[float, list[EvalResult]]:
    """Train all candidates as a search does, without its proposals.

    Every worker first trains the first candidate for an epoch, which is not counted.

    Args:
        data: to train and to validate on.
        architectures: the candidates.
        recipe: of every training.
        seed: of every training.
        workers: trainings at once.
        meanwhile: called when all workers are ready.

    Returns:
        Seconds in all, and the results in the order of the candidates.
    """
    start = partial(start_evaluator, data, "cpu", None)
    results = []
    with (
        TemporaryDirectory() as folder,
        LocalExecutor(start, workers=workers, preload=PRELOAD) as executor,
    ):

        def submit(trial: int, architecture: Architecture, recipe: Recipe) -> None:
            path = Path(folder) / str(trial)
            path.mkdir()
            executor.submit(
                EvalRequest(
                    trial=trial,
                    architecture=architecture,
                    recipe=recipe,
                    seed=seed,
                    folder=str(path),
                )
            )

        for worker in range(workers):
            submit(-1 - worker, architectures[0], replace(recipe, epochs=1))
        while executor.wait(None):
            pass
        meanwhile()
        began = time.perf_counter()
        for trial, architecture in enumerate(architectures):
            submit(trial, architecture, recipe)
        while finished := executor.wait(None):
            results += finished
        seconds = time.perf_counter() - began
    failures = [result.error for result in results if result.error]
    assert not failures, failures
    return seconds, sorted(results, key=lambda result: result.trial)


def hardware() -> str:
    """Return the processor, the cores for this process and the versions in use."""
    from importlib.metadata import version

    name = machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        models = [line for line in lines if line.startswith("model name")]
        name = models[0].partition(":")[2].strip() if models else name
    libraries = ", ".join(f"{n} {version(n)}" for n in ("torch", "lightning", "optuna"))
    return f"{len(cores())} cores of {name}; Python {python_version()}, {libraries}"


def cores() -> list[int]:
    """Return the numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _first(split: Split, number: int) -> Split:
    # Splits are shuffled where they are made, but not where they are given.
    chosen = np.sort(np.random.default_rng(0).permutation(len(split))[:number])
    return Split(images=np.array(split.images[chosen]), labels=split.labels[chosen])


def _patterns(num_train: int, num_validation: int) -> SearchData:
    """Return grey images of noise around three patterns for each of ten classes."""
    rng = np.random.default_rng(0)
    patterns = rng.integers(0, 256, (10, 3, 1, 28, 28))

    def split(number: int) -> Split:
        labels = rng.integers(0, 10, number)
        chosen = patterns[labels, rng.integers(0, 3, number)]
        pixels = chosen + rng.normal(0, 250, chosen.shape)
        return Split(images=pixels.clip(0, 255).astype(np.uint8), labels=labels)

    return SearchData(
        name="made up",
        classes=tuple("0123456789"),
        train=split(num_train),
        validation=split(num_validation),
        mean=(0.5,),
        std=(0.4,),
    )
