"""What Lightning, events and all the rest of a trial cost beside a loop by hand.

Measures the time of one training (build, train and validate EPOCHS epochs, save) of
three networks of the default space, on one thread of the CPU and on images of SIDE x
SIDE pixels, done in three ways:

- "raw": the loop of ``raw_loop.py``, with every setting that we train with;
- "lightning": a LightningModule and a Trainer as their documentation has them, with a
  DataLoader, automatic optimisation and the default logger, checkpoints and bars, and
  with the same memory format, optimizer, schedule and precision;
- "ours": ``nas.train``, which writes its events for TensorBoard as well.

The three take turns for ROUNDS rounds, after one that is not counted; shown are the
medians of seconds, and of the ratios to the raw loop of the same round. The first
column of ratios is ours, whose targets are 1.04, 1.03 and 1.02 from top to bottom.

    python benchmarks/trial_overhead.py [--batch 32] [--side 8] [--epochs 5]
        [--images 1150] [--rounds 9] [--precision float32] [--without-lightning]
"""

import argparse
import logging
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from lightning_defaults import train_lightning
from networks import drawn, images
from raw_loop import train_raw

from nas.arch import Architecture
from nas.data import SearchData
from nas.records import EvalRequest, Recipe
from nas.train.evaluate import Evaluator

SIZES = (20_000, 100_000, 400_000)

Train = Callable[[Architecture, Path], float]


def ways(data: SearchData, recipe: Recipe, lightning: bool) -> dict[str, Train]:
    """Return the ways to train, each of which returns the accuracy."""
    evaluator = Evaluator(data, "cpu")

    def ours(architecture: Architecture, folder: Path) -> float:
        request = EvalRequest(
            trial=0,
            architecture=architecture,
            recipe=recipe,
            seed=0,
            folder=str(folder),
        )
        result = evaluator(request)
        if result.accuracy is None:
            raise SystemExit(result.error)
        return result.accuracy

    found: dict[str, Train] = {
        "raw": lambda architecture, folder: train_raw(
            architecture, data, recipe, folder
        ),
        "ours": ours,
    }
    if lightning:
        found["lightning"] = lambda architecture, folder: train_lightning(
            architecture, data, recipe, folder
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (
        ("batch", 32),
        ("side", 8),
        ("epochs", 5),
        ("images", 1150),
        ("rounds", 9),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--without-lightning", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    torch.set_num_threads(1)
    shape = (1, options.side, options.side)
    data = images(options.images, options.images // 4, shape)
    recipe = Recipe(
        epochs=options.epochs,
        batch_size=options.batch,
        lr=0.05,
        precision=options.precision,
    )
    trained = ways(data, recipe, not options.without_lightning)
    print(f"{vars(options)}, torch {torch.__version__}")
    print("params   " + "".join(f"{way + ' s':>12}" for way in trained), end="")
    print("".join(f"{way + '/raw':>16}" for way in trained if way != "raw"), "accuracy")
    for params in options.sizes:
        architecture = drawn(params, shape)
        seconds: dict[str, list[float]] = {way: [] for way in trained}
        reached: dict[str, float] = {}
        with tempfile.TemporaryDirectory() as folder:
            for number in range(options.rounds + 1):
                for way, train in trained.items():
                    started = time.perf_counter()
                    reached[way] = train(architecture, Path(folder) / f"{way}-{number}")
                    seconds[way].append(time.perf_counter() - started)
        print(f"{params:8}", end=" ")
        for spent in seconds.values():
            print(f"{statistics.median(spent[1:]):12.3f}", end="")
        for way, spent in seconds.items():
            if way != "raw":
                ratios = [a / b for a, b in zip(spent, seconds["raw"], strict=True)]
                print(f"{statistics.median(ratios[1:]):16.3f}", end="")
        print("", {way: round(accuracy, 3) for way, accuracy in reached.items()})


if __name__ == "__main__":
    main()
