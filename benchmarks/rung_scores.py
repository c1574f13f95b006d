"""What tells early how good a network will be: schedules, and ways to score a rung.

Trains the same networks on a third of the digits under each schedule of the recipe, and
scores them after the epochs of the rungs in four ways: the accuracy on the validation
images; the same with the statistics of batch norms estimated anew on the training
images (those that training keeps lag behind weights that still change fast); with
weights averaged over the steps of the last epoch, too; and the accuracy on the training
images while it trained. Printed: Kendall's tau with the accuracy after the last epoch,
over all networks and, in brackets, its mean within three bands of size, which is what
successive halving goes by. The mean final accuracy stands beside it: a schedule that
tells early but trains worse is no gain.

    python benchmarks/rung_scores.py --networks 40 [--space SPACE.yaml]
"""

import argparse
import copy
import random
import statistics
import sys
from collections.abc import Callable

import numpy as np
import torch
from digits_table import thirds
from scipy.stats import kendalltau
from torch import nn

from nas.data import SearchData
from nas.nn.build import build
from nas.nn.cost import num_params
from nas.nn.processor import suit_processor
from nas.records import Recipe
from nas.space import BoundSpace, SearchSpace
from nas.train.batches import scaled
from nas.train.fit import fit
from nas.train.module import Metrics, Training
from nas.train.resident import ResidentFeed
from nas.train.settings import training_settings

BANDS = 3
SCORES = ("as trained", "statistics anew", "averaged weights", "while training")
CPU = torch.device("cpu")


def anew(network: nn.Module, data: SearchData) -> float:
    """Return the accuracy of a copy whose norms have seen the training images anew."""
    twin = copy.deepcopy(network)
    for module in twin.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    images = scaled(torch.from_numpy(data.train.images.copy()))
    with torch.no_grad():
        twin.train()
        for batch in images.split(64):
            twin(batch)
        twin.eval()
        logits = twin(scaled(torch.from_numpy(data.validation.images.copy())))
    labels = torch.from_numpy(data.validation.labels)
    return float((logits.argmax(1) == labels).double().mean())


class Average:
    """The mean of a network's weights over the steps of each epoch."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.start()

    def start(self) -> None:
        self.sums = [torch.zeros_like(p) for p in self.network.parameters()]
        self.count = 0

    def step(self, *_: object) -> None:
        self.count += 1
        for total, p in zip(self.sums, self.network.parameters(), strict=True):
            total.add_(p.detach())

    def averaged(self) -> nn.Module:
        twin = copy.deepcopy(self.network)
        for total, p in zip(self.sums, twin.parameters(), strict=True):
            p.data.copy_(total / max(self.count, 1))
        self.start()
        return twin


def curves(
    architecture: object, data: SearchData, recipe: Recipe, seed: int, rungs: list[int]
) -> tuple[dict[int, tuple[float, ...]], float]:
    """Train once; return the scores at each rung, and the final accuracy."""
    network = build(architecture, data.mean, data.std, seed)  # type: ignore[arg-type]
    suit_processor(network)
    network.to(memory_format=torch.channels_last)
    average = Average(network)
    scores: dict[int, tuple[float, ...]] = {}
    last: list[float] = []

    def on_epoch(metrics: Metrics) -> None:
        mean = average.averaged()
        if metrics.epoch + 1 in rungs:
            scores[metrics.epoch + 1] = (
                metrics.validation_accuracy,
                anew(network, data),
                anew(mean, data),
                metrics.train_accuracy,
            )
        last.append(metrics.validation_accuracy)

    training = Training(
        network,
        recipe,
        train=ResidentFeed(data.train, CPU),
        validation=ResidentFeed(data.validation, CPU),
        num_classes=data.num_classes,
        seed=seed,
        bf16=False,
        on_epoch=on_epoch,
    )
    watched = watch(training, average.step)
    with training_settings(CPU, seed):
        fit(watched, recipe.epochs, CPU)
    return scores, last[-1]


def watch(training: Training, after_step: Callable[..., None]) -> Training:
    """Have a function called after every step of the optimizer."""
    configure = training.configure_optimizers

    def configured() -> torch.optim.Optimizer:
        optimizer = configure()
        optimizer.register_step_post_hook(after_step)
        return optimizer

    training.configure_optimizers = configured  # type: ignore[method-assign]
    return training


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--rungs", type=int, nargs="+", default=[2, 5])
    parser.add_argument("--space", default="minimal")
    parser.add_argument("--max-params", type=int, default=20_000)
    parser.add_argument("--schedules", nargs="+", default=["one-cycle", "cosine"])
    args = parser.parse_args()
    data = thirds()
    space = BoundSpace(
        space=SearchSpace.load(args.space),
        input_shape=data.input_shape,
        num_classes=data.num_classes,
        max_params=args.max_params,
    )
    rng = random.Random(0)
    sizes: list[int] = []
    found: dict[str, list[tuple[dict[int, tuple[float, ...]], float]]] = {
        name: [] for name in args.schedules
    }
    for number in range(args.networks):
        architecture = space.sample(rng)
        sizes.append(num_params(architecture))
        for name, trained in found.items():
            recipe = Recipe(epochs=args.epochs, schedule=name, precision="float32")
            trained.append(curves(architecture, data, recipe, number, args.rungs))
        if number + 1 == args.networks or (number + 1) % 10 == 0:
            report(found, np.array(sizes), args.rungs)
    return 0


def report(
    found: dict[str, list[tuple[dict[int, tuple[float, ...]], float]]],
    sizes: np.ndarray,
    rungs: list[int],
) -> None:
    bands = np.array_split(np.argsort(sizes), BANDS)
    print(f"\n{len(sizes)} networks\n\n| schedule | final | epoch |", end="")
    print(*[f" {name} |" for name in SCORES], sep="")
    print("|---|---|---|" + "---|" * len(SCORES))
    for schedule, trained in found.items():
        final = np.array([accuracy for _, accuracy in trained])
        for rung in rungs:
            cells = []
            for k in range(len(SCORES)):
                at = np.array([scores[rung][k] for scores, _ in trained])
                within = [kendalltau(at[b], final[b]).statistic for b in bands]
                tau = kendalltau(at, final).statistic
                cells.append(f"{tau:.2f} ({statistics.mean(map(float, within)):.2f})")
            mean = 100 * final.mean()
            print(f"| {schedule} | {mean:.2f} | {rung} |", " | ".join(cells), "|")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
