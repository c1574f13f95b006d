"""What bfloat16 costs in accuracy, and saves in time.

Trains random networks of the default space of at most MAX_PARAMS parameters, each from
SEEDS seeds, on one thread of the CPU in float32 and in bfloat16, in turns. Prints for
each network the mean difference of the validation accuracies (bf16 - float32) with its
standard error over the seeds, and the median ratio of the times (float32 / bf16); and
the same over all pairs together.

    python benchmarks/precision.py [--data digits] [--images N] [--epochs 15]
        [--networks 4] [--seeds 5] [--max-params 100000]

``--data`` is any source that `nas search` knows, ``--images`` of which are trained on.
"""

import argparse
import random
import statistics
import tempfile
from dataclasses import replace

from nas.data import SearchData, Split, load
from nas.nn.cost import cost
from nas.records import EvalRequest, EvalResult, Recipe
from nas.space import BoundSpace, SearchSpace
from nas.train.evaluate import Evaluator

PRECISIONS = ("float32", "bf16")


def part(data: SearchData, num_images: int) -> SearchData:
    """Return the first of the training images, and as many for validation at most."""

    def first(split: Split) -> Split:
        return Split(images=split.images[:num_images], labels=split.labels[:num_images])

    return replace(data, train=first(data.train), validation=first(data.validation))


def shown(differences: list[float], ratios: list[float]) -> str:
    """Return the mean difference with its standard error, and the median ratio."""
    error = statistics.stdev(differences) / len(differences) ** 0.5
    mean = statistics.mean(differences)
    return f"{mean:+10.4f} +- {error:.4f}{statistics.median(ratios):10.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="digits")
    for name, default in (
        ("images", 10**9),
        ("epochs", 15),
        ("networks", 4),
        ("seeds", 5),
        ("max-params", 100_000),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    data = part(load(options.data).for_search(), options.images)
    bound = BoundSpace(
        space=SearchSpace.load("default"),
        input_shape=data.input_shape,
        num_classes=data.num_classes,
        max_params=options.max_params,
    )
    rng = random.Random(0)
    evaluate = Evaluator(data, "cpu")
    recipe = Recipe(epochs=options.epochs)
    print(f"{vars(options)}, {len(data.train)} + {len(data.validation)} images")
    print(f"{'params':>9}{'float32':>9}{'bf16':>9}{'difference':>21}{'speed':>10}")
    all_differences: list[float] = []
    all_ratios: list[float] = []
    for _ in range(options.networks):
        architecture = bound.sample(rng)

        def train(precision: str, seed: int, spec: object = architecture) -> EvalResult:
            with tempfile.TemporaryDirectory() as folder:
                return evaluate(
                    EvalRequest(
                        trial=0,
                        architecture=spec,
                        recipe=replace(recipe, precision=precision),
                        seed=seed,
                        folder=folder,
                    )
                )

        pairs = [
            tuple(train(precision, seed) for precision in PRECISIONS)
            for seed in range(options.seeds)
        ]
        differences = [b.accuracy - a.accuracy for a, b in pairs]
        ratios = [a.seconds / b.seconds for a, b in pairs]
        means = [
            statistics.mean(r.accuracy for r in column)
            for column in zip(*pairs, strict=True)
        ]
        print(
            f"{cost(architecture).total.params:9,}{means[0]:9.4f}{means[1]:9.4f}"
            f"{shown(differences, ratios)}",
            flush=True,
        )
        all_differences += differences
        all_ratios += ratios
    print(f"{'all':>9}{'':18}{shown(all_differences, all_ratios)}")


if __name__ == "__main__":
    main()
