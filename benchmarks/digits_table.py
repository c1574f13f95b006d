"""Trains every network of a small space on the digits: a table for other benchmarks.

Searches can then be run over it in no time (`strategies.py`), and what is known before
a training can be held against what came of it (`zero_cost.py`, `inherit.py`). The space
is `digits_space.yaml`. Each of its networks is trained for 15 epochs with the default
recipe, on a third of the digits that a search sees, and judged on the rest: 959 images,
so that an accuracy is known to 0.1%, and small networks can be told apart. Every tenth
network is trained with a second seed, which tells how much is luck.

    python benchmarks/digits_table.py [--workers 2]

The table, `digits_table.csv.gz`, has one row a training: a column a gene (empty where
it is not in use), ``hash``, ``params``, ``macs``, ``seed`` and ``accuracy_1`` to
``accuracy_15``, the accuracy after each epoch, within [0, 1]. What is in it is not
trained again; it is written every minute, so that the script can be stopped at any
time.
"""

import argparse
import csv
import gzip
import io
import math
import os
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from nas.arch import Architecture, Gene, canonical_hash
from nas.data import SearchData, Split, load
from nas.data.splits import stratified
from nas.errors import DoesNotFit
from nas.executors import LocalExecutor
from nas.nn.cost import cost
from nas.records import EvalRequest, Recipe
from nas.space import BoundSpace, SearchSpace
from nas.space.domains import Choice
from nas.train import PRELOAD, start_evaluator

HERE = Path(__file__).parent
SPACE = HERE / "digits_space.yaml"
TABLE = HERE / "digits_table.csv.gz"
RECIPE = Recipe()
SEEDS = (0, 1)
TWICE = 10
"""One network in so many is trained with both seeds."""
SAVED_SECONDS = 60.0
HALF_AN_IMAGE = 0.0005
"""Added to an error, so that one of none has a logarithm."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One training: its genes as written, and its accuracy after each epoch."""

    genes: dict[str, str]
    hash: str
    params: int
    macs: int
    seed: int
    curve: tuple[float, ...]


def thirds() -> SearchData:
    """Return the digits of a search: a third to train on, the rest to validate on."""
    data = load("digits").for_search()
    images = np.concatenate([data.train.images, data.validation.images])
    labels = np.concatenate([data.train.labels, data.validation.labels])
    rest, chosen = stratified(labels, 2 / 3, seed=0)
    return replace(
        data,
        train=Split(images=images[rest], labels=labels[rest]),
        validation=Split(images=images[chosen], labels=labels[chosen]),
    )


def bound_space(data: SearchData) -> BoundSpace:
    """Return the space for the digits; no network of it is over the budget."""
    return BoundSpace(
        space=SearchSpace.load(str(SPACE)),
        input_shape=data.input_shape,
        num_classes=data.num_classes,
        max_params=100_000,
    )


def networks(bound: BoundSpace) -> Iterator[Architecture]:
    """Yield every network of a space of choices, each once."""
    options = []
    for domain in bound.domains.values():
        assert isinstance(domain, Choice)
        options.append(domain.options)
    seen = set()
    for values in product(*options):
        try:
            network = bound.decode(dict(zip(bound.domains, values, strict=True)))
        except DoesNotFit:
            continue
        if (key := canonical_hash(network)) not in seen:
            seen.add(key)
            yield network


def text(gene: Gene) -> str:
    """Return a gene as the table has it."""
    return str(gene)


def read(path: Path = TABLE) -> list[Row]:
    """Return the rows of the table; none where it is not there."""
    if not path.exists():
        return []
    with gzip.open(path, "rt", newline="") as file:
        found = list(csv.DictReader(file))
    fixed = {"hash", "params", "macs", "seed"}
    return [
        Row(
            genes={
                name: value
                for name, value in row.items()
                if value and name not in fixed and not name.startswith("accuracy_")
            },
            hash=row["hash"],
            params=int(row["params"]),
            macs=int(row["macs"]),
            seed=int(row["seed"]),
            curve=tuple(
                float(value)
                for name, value in row.items()
                if name.startswith("accuracy_")
            ),
        )
        for row in found
    ]


def num_missing() -> int:
    """Return how many networks of the space the table has not got yet."""
    known = {row.hash for row in read() if row.seed == SEEDS[0]}
    every = networks(bound_space(thirds()))
    return sum(canonical_hash(network) not in known for network in every)


def noise_of(rows: list[Row]) -> float:
    """Return the standard deviation of a training's log error, from two seeds."""
    by_seed: dict[str, dict[int, float]] = {}
    for row in rows:
        error = 1 - row.curve[-1] + HALF_AN_IMAGE
        by_seed.setdefault(row.hash, {})[row.seed] = math.log(error)
    off = [errors[0] - errors[1] for errors in by_seed.values() if len(errors) == 2]
    return math.sqrt(sum(d * d for d in off) / (2 * len(off)))


def write(rows: list[Row], genes: list[str], path: Path = TABLE) -> None:
    """Write the table all at once, in the order of genes and seeds."""
    num_epochs = len(rows[0].curve)
    lines = io.StringIO()
    table = csv.writer(lines, lineterminator="\n")
    epochs = [f"accuracy_{epoch + 1}" for epoch in range(num_epochs)]
    table.writerow([*genes, "hash", "params", "macs", "seed", *epochs])
    for row in sorted(rows, key=lambda row: (list(row.genes.items()), row.seed)):
        table.writerow(
            [row.genes.get(gene, "") for gene in genes]
            + [row.hash, row.params, row.macs, row.seed]
            + [f"{accuracy:.4f}" for accuracy in row.curve]
        )
    unfinished = path.with_suffix(".part")
    # Without the time, so that the same rows are the same file.
    unfinished.write_bytes(gzip.compress(lines.getvalue().encode(), mtime=0))
    unfinished.replace(path)


def wanted(found: list[Architecture]) -> list[tuple[Architecture, int]]:
    """Return what is to be trained with which seed, in an order like any other."""
    shuffled = random.Random(0).sample(found, len(found))
    return [
        (network, seed)
        for i, network in enumerate(shuffled)
        for seed in (SEEDS if i % TWICE == 0 else SEEDS[:1])
    ]


def train(todo: list[tuple[Architecture, int]], workers: int) -> Iterator[Row]:
    """Train networks and yield their rows as they end."""
    start = partial(start_evaluator, thirds(), "cpu", None)
    left = iter(enumerate(todo))
    with (
        TemporaryDirectory() as folder,
        LocalExecutor(start, workers=workers, preload=PRELOAD) as executor,
    ):

        def submit_next() -> None:
            for trial, (network, seed) in left:
                executor.submit(
                    EvalRequest(
                        trial=trial,
                        architecture=network,
                        recipe=RECIPE,
                        seed=seed,
                        folder=folder,
                    )
                )
                return

        for _ in range(workers):
            submit_next()
        while results := executor.wait(None):
            for result in results:
                submit_next()
                network, seed = todo[result.trial]
                if result.status == "failed":
                    print(f"{canonical_hash(network)}: {result.error}", flush=True)
                    continue
                total = cost(network).total
                yield Row(
                    genes={name: text(g) for name, g in (network.genes or {}).items()},
                    hash=canonical_hash(network),
                    params=total.params,
                    macs=total.macs,
                    seed=seed,
                    curve=result.curve,
                )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--at-most", type=int, help="trainings, for a try")
    args = parser.parse_args()
    os.nice(19)
    bound = bound_space(thirds())
    genes = list(bound.domains)
    every = wanted(list(networks(bound)))
    keys = {(canonical_hash(network), seed) for network, seed in every}
    rows = [row for row in read() if (row.hash, row.seed) in keys]
    done = {(row.hash, row.seed) for row in rows}
    todo = [item for item in every if (canonical_hash(item[0]), item[1]) not in done]
    print(
        f"{len(every) - len(todo):,} of {len(every):,} trainings are done", flush=True
    )
    saved = time.monotonic()
    try:
        for row in train(todo[: args.at_most], args.workers):
            rows.append(row)
            if time.monotonic() - saved > SAVED_SECONDS:
                write(rows, genes)
                saved = time.monotonic()
                print(f"{len(rows):,} of {len(every):,}", flush=True)
    finally:
        if rows:
            write(rows, genes)
    print(f"{len(rows):,} of {len(every):,} trainings are done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
