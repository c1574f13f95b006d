"""Whether an exported ``train.py`` reaches what nas reaches with the same recipe.

An architecture is trained by nas itself and by the ``train.py`` of its export, in a
process that cannot import nas, over the same seeds and splits; the accuracies are those
on the test split. Where the processor's faster convolutions round differently, the two
go their own ways from the first steps on, as two seeds do. For each recipe:

- mean and standard deviation of both, over the seeds;
- the mean difference train.py - nas, with its 95 % interval over the pairs of seeds;
- the median seconds of a training, those of train.py with Python's start.

Everything on one thread of the CPU.

    python benchmarks/train_file.py --seeds 8
    python benchmarks/train_file.py --data fashion-mnist/ --images 4000 --epochs 6
"""

import argparse
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is loaded, here and in train.py

import numpy as np
import torch
from safetensors.torch import load_file
from scipy.stats import t

import nas.train.importing  # noqa: F401 - before whatever imports Lightning
from nas.arch import (
    Architecture,
    AuxHead,
    Basic,
    Block,
    Concat,
    Hierarchical,
    PreactBottleneck,
    Separable,
    StemConv,
    Sum,
)
from nas.data import Dataset, Split, load
from nas.data.archive import write_npz
from nas.export import ModelFacts, Package, source
from nas.export.train_file import train_source
from nas.nn.build import build
from nas.records import EvalRequest, Recipe
from nas.train.evaluate import WEIGHTS, Evaluator

WITHOUT_NAS = (
    "import runpy, sys; sys.modules['nas'] = None; "
    "runpy.run_path('train.py', run_name='__main__')"
)


def plain(dataset: Dataset) -> Architecture:
    return Architecture(
        input_shape=dataset.for_search().input_shape,
        num_classes=len(dataset.classes),
        stem=(StemConv(width=12),),
        blocks=(
            Block(aggregation=Sum(), unit=Basic(), depth=1, width=12),
            Block(aggregation=Sum(), unit=Basic(), depth=1, width=24, stride=2),
        ),
    )


def supervised(dataset: Dataset) -> Architecture:
    """Return an architecture with all aggregations, fusion and auxiliary heads."""
    concat = Concat(growth=8)
    return replace(
        plain(dataset),
        blocks=(
            Block(aggregation=Sum(), unit=Separable(), depth=2, width=16),
            Block(aggregation=concat, unit=PreactBottleneck(), depth=3, width=24),
            Block(
                aggregation=Hierarchical(), unit=Basic(), depth=2, width=24, stride=2
            ),
        ),
        fusion="concat",
        aux=(AuxHead(after=0, weight=0.3), AuxHead(after=1, weight=0.3)),
    )


def imbalanced(dataset: Dataset) -> Dataset:
    """Return the data set with ever fewer training images of the later classes."""
    labels = dataset.train.labels
    kept = np.zeros(len(labels), bool)
    for label in range(len(dataset.classes)):
        places = np.flatnonzero(labels == label)
        kept[places[: max(2, len(places) >> label // 2)]] = True
    return replace(dataset, train=some(dataset.train, np.flatnonzero(kept)))


def some(split: Split, places: np.ndarray) -> Split:
    return Split(images=split.images[places], labels=split.labels[places])


def tested(
    architecture: Architecture, dataset: Dataset, weights: Path, *, balanced: bool
) -> float:
    """Return the accuracy of trained weights on the test split, in percent."""
    network = build(architecture)
    network.load_state_dict(load_file(weights))
    network.eval()
    labels = torch.from_numpy(dataset.test.labels)
    with torch.inference_mode():
        parts = torch.from_numpy(np.array(dataset.test.images)).split(500)
        right = torch.cat([network(x / 255).argmax(1) for x in parts]) == labels
    groups = [right[labels == label].double().mean() for label in labels.unique()]
    return 100 * float(
        torch.stack(groups).mean() if balanced else right.double().mean()
    )


def compare(
    name: str,
    architecture: Architecture,
    recipe: Recipe,
    dataset: Dataset,
    seeds: Sequence[int],
) -> None:
    """Train with both, and print a line."""
    evaluator = Evaluator(dataset.for_search(), "cpu")
    balanced = recipe.objective == "balanced-accuracy"
    accuracies: dict[str, list[float]] = {"nas": [], "train.py": []}
    seconds: dict[str, list[float]] = {"nas": [], "train.py": []}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_npz(dataset, folder / "data.npz")
        facts = ModelFacts(
            name="m", data="d", accuracy=0, recipe=recipe, seed=0, origin="benchmark"
        )
        package = Package(
            architecture=architecture,
            mean=dataset.mean,
            std=dataset.std,
            classes=dataset.classes,
            weights=folder / "none.safetensors",
            facts=facts,
        )
        (folder / "model.py").write_text(source(package))
        (folder / "train.py").write_text(train_source(architecture, recipe))
        for seed in seeds:
            started = perf_counter()
            own = folder / f"nas-{seed}"
            request = EvalRequest(
                trial=seed,
                architecture=architecture,
                recipe=recipe,
                seed=seed,
                folder=str(own),
            )
            assert evaluator(request).error is None
            between = perf_counter()
            new = folder / f"{seed}.safetensors"
            argv = ["data.npz", new.name, "--seed", str(seed)]
            subprocess.run(
                [sys.executable, "-c", WITHOUT_NAS, *argv],
                cwd=folder,
                stdout=subprocess.DEVNULL,
                check=True,
            )
            seconds["train.py"].append(perf_counter() - between)
            seconds["nas"].append(between - started)
            for side, path in (("nas", own / WEIGHTS), ("train.py", new)):
                accuracies[side].append(
                    tested(architecture, dataset, path, balanced=balanced)
                )
    told(name, accuracies, seconds)


def told(
    name: str, accuracies: dict[str, list[float]], seconds: dict[str, list[float]]
) -> None:
    columns = [
        f"{side} {statistics.mean(found):.2f} ± {statistics.stdev(found):.2f}"
        for side, found in accuracies.items()
    ]
    pairs = zip(accuracies["train.py"], accuracies["nas"], strict=True)
    apart = [own - ours for own, ours in pairs]
    half = t.ppf(0.975, len(apart) - 1) * statistics.stdev(apart)
    half /= math.sqrt(len(apart))
    columns.append(f"difference {statistics.mean(apart):+.2f} ± {half:.2f}")
    times = "/".join(f"{statistics.median(found):.1f}" for found in seconds.values())
    print(f"{name}: {', '.join(columns)}, seconds {times}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", default="digits", help="a source of data")
    parser.add_argument("--images", type=int, help="training images at most")
    parser.add_argument("--seeds", type=int, default=5, help="trainings of each side")
    parser.add_argument("--epochs", type=int, default=15)
    args = parser.parse_args()
    torch.set_num_threads(1)
    dataset = load(args.data)
    if args.images:
        places = np.arange(min(args.images, len(dataset.train)))
        dataset = replace(dataset, train=some(dataset.train, places))
    recipe = Recipe(epochs=args.epochs)
    adamw = replace(
        recipe,
        optimizer="adamw",
        lr=0.004,
        weight_decay=0.05,
        schedule="cosine",
        augment="standard",
        flip=True,
    )
    weighed = replace(recipe, class_weights=True, objective="balanced-accuracy")
    seeds = range(args.seeds)
    uneven = imbalanced(dataset)
    compare("defaults", plain(dataset), recipe, dataset, seeds)
    heads = "adamw, cosine, standard, flip; auxiliary heads"
    compare(heads, supervised(dataset), adamw, dataset, seeds)
    compare("class weights", supervised(uneven), weighed, uneven, seeds)


if __name__ == "__main__":
    main()
