"""Whether a child that starts from its parent's weights shows its worth sooner.

LEMONADE (Elsken et al. 2019) lets a mutated network start from the weights that it has
in common with its parent, and train for a few epochs. Here random networks of the space
of `digits_table.py` are trained to the end and change one gene each. Every child is
trained for a few epochs three times: from scratch, and from its parent's weights where
they overlap, with the recipe's learning rate and with a quarter of it. What counts is
Kendall's tau, over the children, between the accuracy after those epochs and that of
the table, from scratch after all epochs; an arm's cost is the same epochs each. Parents
cost nothing here, as if a search had trained them anyway.

    python benchmarks/inherit.py [--pairs 40] [--epochs 2 5]

The standard error is that of the difference in tau to training from scratch, over
resampled children.
"""

import argparse
import random
import sys
import time
from dataclasses import replace

import numpy as np
import torch
from digits_table import RECIPE, SEEDS, bound_space, networks, num_missing, read, thirds
from scipy.stats import kendalltau
from torch import Tensor, nn

from nas.arch import Architecture, canonical_hash
from nas.data import SearchData
from nas.nn.build import build
from nas.nn.processor import suit_processor
from nas.records import Recipe
from nas.train.fit import fit
from nas.train.module import Training
from nas.train.resident import ResidentFeed
from nas.train.settings import training_settings

CPU = torch.device("cpu")
RESAMPLED = 1000
State = dict[str, Tensor]


def fresh(data: SearchData, architecture: Architecture) -> nn.Module:
    """Return the network as a training begins with it."""
    return build(architecture, data.mean, data.std, SEEDS[0])


def trained(data: SearchData, network: nn.Module, recipe: Recipe) -> float:
    """Train a network in place; return its accuracy after the last epoch."""
    accuracies: list[float] = []
    suit_processor(network)
    network.to(memory_format=torch.channels_last)
    with training_settings(CPU, SEEDS[0]):
        training = Training(
            network,
            recipe,
            train=ResidentFeed(data.train, CPU),
            validation=ResidentFeed(data.validation, CPU),
            num_classes=data.num_classes,
            seed=SEEDS[0],
            bf16=False,
            on_epoch=lambda metrics: accuracies.append(metrics.validation_accuracy),
        )
        fit(training, recipe.epochs, CPU)
        training.release()
    return accuracies[-1]


def inherit(child: nn.Module, parent: State) -> float:
    """Copy what overlaps of all that has the same name; return its share of weights."""
    copied = total = 0
    for name, own in child.state_dict().items():
        total += own.numel()
        theirs = parent.get(name)
        if theirs is None or theirs.ndim != own.ndim:
            continue
        common = tuple(map(slice, map(min, own.shape, theirs.shape)))
        own[common] = theirs[common]
        copied += own[common].numel()
    return copied / total


def pairs(
    found: list[Architecture], number: int
) -> list[tuple[Architecture, Architecture]]:
    """Return random networks, each with another that differs in one gene.

    Genes that come and go with it may differ, too. No child stands there twice.
    """
    rng = random.Random(0)
    taken: set[str] = set()
    drawn = []
    while len(drawn) < number:
        parent = rng.choice(found)
        near = [
            child
            for child in found
            if canonical_hash(child) not in taken and one_apart(parent, child)
        ]
        if near:
            drawn.append((parent, rng.choice(near)))
            taken.add(canonical_hash(drawn[-1][1]))
    return drawn


def one_apart(a: Architecture, b: Architecture) -> bool:
    """Tell whether just one of the genes that both have differs."""
    assert a.genes is not None
    assert b.genes is not None
    shared = a.genes.keys() & b.genes.keys()
    return sum(a.genes[gene] != b.genes[gene] for gene in shared) == 1


def report(name: str, seen: np.ndarray, scratch: np.ndarray, final: np.ndarray) -> None:
    """Print a line: tau, and how far from that of training from scratch."""

    def tau(values: np.ndarray, some: np.ndarray) -> float:
        return float(kendalltau(values[some], final[some]).statistic)

    everyone = np.arange(len(final))
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(final), size=(RESAMPLED, len(final)))
    off = [tau(seen, some) - tau(scratch, some) for some in drawn]
    difference = tau(seen, everyone) - tau(scratch, everyone)
    print(
        f"| {name} | {100 * seen.mean():.1f} | {tau(seen, everyone):.2f} "
        f"| {difference:+.2f} ± {np.std(off):.2f} |",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--epochs", type=int, nargs="+", default=[2, 5])
    args = parser.parse_args()
    if missing := num_missing():
        sys.exit(f"digits_table.py has {missing} networks to train")
    data = thirds()
    final = {row.hash: row.curve[-1] for row in read() if row.seed == SEEDS[0]}
    drawn = pairs(list(networks(bound_space(data))), args.pairs)
    shares, began = [], time.monotonic()
    arms = ("from scratch", "inherited", "inherited, a quarter of the rate")
    seen: dict[tuple[int, str], list[float]] = {}
    for i, (parent, child) in enumerate(drawn):
        source = fresh(data, parent)
        trained(data, source, RECIPE)
        state = source.state_dict()
        for epochs in args.epochs:
            recipe = replace(RECIPE, epochs=epochs)
            for arm in arms:
                network = fresh(data, child)
                if arm != "from scratch":
                    shares.append(inherit(network, state))
                lower = replace(recipe, lr=recipe.lr / 4)
                accuracy = trained(data, network, lower if "rate" in arm else recipe)
                seen.setdefault((epochs, arm), []).append(accuracy)
        if (i + 1) % 10 == 0:
            seconds = time.monotonic() - began
            print(f"{i + 1} pairs, {seconds:.0f} s", file=sys.stderr, flush=True)
    target = np.array([final[canonical_hash(child)] for _, child in drawn])
    print(
        f"{len(drawn)} children; {np.mean(shares):.0%} of their weights are inherited"
    )
    for epochs in args.epochs:
        print(f"\n{epochs} epochs\n")
        print("| trained | mean accuracy | tau | more than from scratch |")
        print("|---|---|---|---|")
        scratch = np.array(seen[epochs, arms[0]])
        for arm in arms:
            report(arm, np.array(seen[epochs, arm]), scratch, target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
