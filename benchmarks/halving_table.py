"""Trains every network of a small space on the digits, with pauses.

A table for `halving.py`: what a network is judged by at each pause, and what it comes
to. The space is that of the digits table, the data are a third of the digits that a
search sees, judged on the rest; the recipe is the default one. Trainings that are in
the table already are not done again, so the script can be stopped at any time.

    python benchmarks/halving_table.py --space benchmarks/digits_space.yaml \
        --to benchmarks/halving_table.csv.gz

One row a training: a column a gene (empty where it is not in use), ``hash``,
``params``, ``seed``, ``standing_2``, ``standing_5`` and ``accuracy_15``, in [0, 1].
"""

import argparse
import csv
import gzip
import random
import sys
import tempfile
from dataclasses import replace
from itertools import product
from pathlib import Path

from digits_table import thirds

from nas.arch import Architecture, canonical_hash
from nas.errors import DoesNotFit
from nas.nn.cost import num_params
from nas.records import EvalRequest, Recipe
from nas.search.scheduler import rung_epochs
from nas.space import BoundSpace, SearchSpace
from nas.space.domains import Choice
from nas.train.evaluate import Evaluator

WRITTEN_EVERY = 20


def networks(space: BoundSpace) -> dict[str, Architecture]:
    """Return every network of a space of choices, by its hash, in random order."""
    options = [d.options for d in space.domains.values() if isinstance(d, Choice)]
    found = {}
    for values in product(*options):
        try:
            network = space.decode(dict(zip(space.domains, values, strict=True)))
        except DoesNotFit:
            continue
        found[canonical_hash(network)] = network
    hashes = sorted(found)
    random.Random(0).shuffle(hashes)
    return {key: found[key] for key in hashes}


def row(
    evaluate: Evaluator, network: Architecture, recipe: Recipe, rungs: tuple[int, ...]
) -> dict[str, object]:
    """Train one network, with pauses."""
    found: dict[str, object] = {
        **(network.genes or {}),
        "hash": canonical_hash(network),
        "params": num_params(network),
        "seed": 0,
    }
    with tempfile.TemporaryDirectory() as folder:
        request = EvalRequest(
            trial=0, architecture=network, recipe=recipe, seed=0, folder=folder
        )
        before = 0
        for stop in rungs[:-1]:
            part = replace(request, start_epoch=before, stop_epoch=stop)
            found[f"standing_{stop}"] = f"{evaluate(part).standing:.4f}"
            before = stop
        result = evaluate(replace(request, start_epoch=before))
    found[f"accuracy_{rungs[-1]}"] = f"{result.accuracy or 0:.4f}"
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--space", required=True)
    parser.add_argument("--to", type=Path, required=True)
    args = parser.parse_args()
    data = thirds()
    space = BoundSpace(
        space=SearchSpace.load(args.space),
        input_shape=data.input_shape,
        num_classes=data.num_classes,
        max_params=100_000,
    )
    recipe = Recipe(precision="float32")
    rungs = rung_epochs(recipe.epochs, eta=3)
    evaluate = Evaluator(data, "cpu")
    rows: list[dict[str, object]] = []
    if args.to.exists():
        with gzip.open(args.to, "rt", newline="") as file:
            rows = list(csv.DictReader(file))
    known = {found["hash"] for found in rows}
    every = networks(space)
    columns = [*space.domains, "hash", "params", "seed"]
    columns += [f"standing_{stop}" for stop in rungs[:-1]]
    columns.append(f"accuracy_{rungs[-1]}")
    left = [network for key, network in every.items() if key not in known]
    for number, network in enumerate(left, 1):
        rows.append(row(evaluate, network, recipe, rungs))
        if number % WRITTEN_EVERY == 0 or number == len(left):
            unfinished = args.to.with_suffix(".part")
            with gzip.open(unfinished, "wt", newline="") as file:
                writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
            unfinished.replace(args.to)
            print(f"{len(rows)} of {len(every)} networks", file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
