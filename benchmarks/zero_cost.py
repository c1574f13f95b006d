"""What scores of an untrained network tell about its accuracy, beside its size.

Scores are computed for every network of `digits_table.py`, with the weights that its
training began with, on one batch of 64 images:

- synflow: sum of weight times gradient, all weights positive (Tanaka et al. 2020);
- naswot: log determinant of how alike a batch's ReLU patterns are (Mellor et al. 2021);
- grad_norm: sum of the norms of the gradients of the loss (Abdelfattah et al. 2021).

Printed is Kendall's tau with the accuracy after all epochs: over all networks, and
*given size*, the mean over bands of networks of about one size. Beside them stand what
is known for nothing (parameters, multiply-accumulates), the accuracy after a few
epochs, and that of another seed, which is the most that could be had.

Then `SizeAwareSampler` searches the table with a score as a further feature of its
surrogate, to be compared with none and with a feature that means nothing ("placebo").
Hypervolume and "trials to random@400" are those of `strategies.py`.

    python benchmarks/zero_cost.py [--seeds 20] [--trials 100] [--noise measured] \
        [--scores naswot]
"""

import argparse
import math
import random
import statistics
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import optuna
import torch
from digits_table import SEEDS, Row, bound_space, networks, num_missing, read, thirds
from numpy.typing import NDArray
from scipy.stats import kendalltau
from strategies import Hypervolume, Params, Problem, digits, reached, search
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nas.arch import Architecture, canonical_hash
from nas.data import SearchData
from nas.nn.build import build
from nas.search.samplers.codes import Rows
from nas.search.samplers.features import Features
from nas.search.samplers.promising import Promising
from nas.search.samplers.rows import RowSampler
from nas.search.samplers.surrogate import Fitted

BATCH_SIZE = 64
BANDS = 6
AT = (15, 25, 50, 100)
SCORES = ("synflow", "naswot", "grad_norm")
Scores = dict[str, float]
"""A score for each network, by its hash."""


def synflow(architecture: Architecture) -> float:
    """Return the log of the synaptic flow; norms are the identity meanwhile."""
    network = build(architecture, seed=SEEDS[0]).double().eval()
    with torch.no_grad():
        for weight in network.parameters():
            weight.abs_()
    network(torch.ones(1, *architecture.input_shape).double()).sum().backward()
    flow = sum(
        float((weight * weight.grad).sum())
        for weight in multiplied(network)
        if weight.grad is not None
    )
    return math.log(flow)


def naswot(architecture: Architecture, data: SearchData, images: Tensor) -> float:
    """Return the log determinant of the likeness (N, N) of ReLU patterns."""
    network = build(architecture, data.mean, data.std, SEEDS[0])
    likeness = torch.zeros(len(images), len(images), dtype=torch.float64)

    def note(_: nn.Module, __: tuple[Tensor, ...], output: Tensor) -> None:
        on = (output > 0).flatten(1).double()
        likeness.add_(on @ on.T + (1 - on) @ (1 - on).T)

    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(note)
    with torch.no_grad():
        network(images)
    return float(torch.linalg.slogdet(likeness).logabsdet)


def grad_norm(
    architecture: Architecture, data: SearchData, images: Tensor, labels: Tensor
) -> float:
    """Return the log of the summed norms of the gradients of a batch's loss."""
    network = build(architecture, data.mean, data.std, SEEDS[0])
    cross_entropy(network(images), labels).backward()
    norms = [
        float(weight.grad.norm())
        for weight in multiplied(network)
        if weight.grad is not None
    ]
    return math.log(sum(norms))


def multiplied(network: nn.Module) -> list[nn.Parameter]:
    """Return the weights of convolutions and linear layers."""
    kinds = (nn.Conv2d, nn.Linear)
    return [m.weight for m in network.modules() if isinstance(m, kinds)]


def scored(data: SearchData, names: Sequence[str]) -> dict[str, Scores]:
    """Return the scores of these names of every network of the table."""
    images = torch.from_numpy(data.train.images[:BATCH_SIZE]).float() / 255
    labels = torch.from_numpy(data.train.labels[:BATCH_SIZE])
    score_of: dict[str, Callable[[Architecture], float]] = {
        "synflow": synflow,
        "naswot": partial(naswot, data=data, images=images),
        "grad_norm": partial(grad_norm, data=data, images=images, labels=labels),
    }
    every = list(networks(bound_space(data)))
    return {
        name: {canonical_hash(network): score_of[name](network) for network in every}
        for name in names
    }


def given_size(
    values: NDArray[np.float64], target: NDArray[np.float64], sizes: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the mean tau over bands of equal numbers of networks, and its error."""
    bands = np.array_split(np.argsort(sizes, kind="stable"), BANDS)
    taus = [kendalltau(values[band], target[band]).statistic for band in bands]
    return statistics.mean(taus), statistics.stdev(taus) / BANDS**0.5


def compare(rows: list[Row], scores: dict[str, Scores]) -> None:
    """Print how each signal orders networks."""
    first = [row for row in rows if row.seed == SEEDS[0]]
    second = {row.hash: row.curve[-1] for row in rows if row.seed == SEEDS[1]}
    signals: dict[str, Callable[[Row], float]] = {
        "params": lambda row: row.params,
        "macs": lambda row: row.macs,
        **{
            name: lambda row, known=known: known[row.hash]
            for name, known in scores.items()
        },
        **{
            f"accuracy after {n} epochs": lambda row, n=n: row.curve[n - 1]
            for n in (1, 3, 5, 10)
        },
    }
    print("\n| signal | tau, all | tau, given size | networks |\n|---|---|---|---|")
    for name, signal in signals.items():
        line(name, first, signal)
    both = [row for row in first if row.hash in second]
    line("another seed", both, lambda row: second[row.hash])


def line(name: str, rows: list[Row], signal: Callable[[Row], float]) -> None:
    """Print a line about a signal."""
    target = np.array([row.curve[-1] for row in rows])
    sizes = np.array([row.params for row in rows], dtype=float)
    values = np.array([signal(row) for row in rows], dtype=float)
    mean, error = given_size(values, target, sizes)
    over_all = kendalltau(values, target).statistic
    print(f"| {name} | {over_all:.2f} | {mean:.2f} ± {error:.2f} | {len(rows)} |")


class WithScores:
    """The features of rows, and scores in [0, 1] behind them, each a group of its own.

    Args:
        features: of the rows alone.
        score_of: the scores of a parameter set.
    """

    def __init__(
        self, features: Features, score_of: Callable[[Params], tuple[float, ...]]
    ) -> None:
        self.features = features
        self.score_of = score_of
        self.known: dict[bytes, tuple[float, ...]] = {}
        num_scores = len(score_of({}))
        further = features.num_groups + np.arange(num_scores)
        self.groups = np.concatenate([features.groups, further])
        self.genes = features.genes

    def __call__(self, rows: Rows, sizes: Rows) -> Rows:
        scores = [self.score(row) for row in rows]
        behind = np.array(scores).reshape(len(rows), -1)
        return np.concatenate([self.features(rows, sizes), behind], axis=1)

    def score(self, row: Rows) -> tuple[float, ...]:
        """Return the scores of a row."""
        key = row.tobytes()
        if key not in self.known:
            self.known[key] = self.score_of(self.features.codes.decode(row))
        return self.known[key]


def informed(
    problem: Problem, known: dict[frozenset[tuple[str, str]], tuple[float, ...]]
) -> Callable[[int], RowSampler]:
    """Return what makes a sampler that knows scores, by the genes of networks."""
    unknown = tuple(0.5 for _ in next(iter(known.values())))

    def score_of(params: Params) -> tuple[float, ...]:
        used = problem.in_use(params)
        genes = {g: str(value) for g, value in params.items() if g in used}
        return known.get(frozenset(genes.items()), unknown)

    def strategy(*args: object) -> Promising:
        made = Promising(*args)
        made.features = WithScores(made.features, score_of)
        made.fitted = Fitted(made.features.groups, made.rng)
        return made

    return lambda seed: RowSampler(
        strategy,
        problem.search_space,
        problem.size_of,
        seed,
        in_use=problem.in_use,
    )


def within_unit(values: Scores) -> Scores:
    """Return scores as positions between the lowest and the highest."""
    low, high = min(values.values()), max(values.values())
    return {key: (value - low) / (high - low) for key, value in values.items()}


def searches(
    rows: list[Row], scores: dict[str, Scores], args: argparse.Namespace
) -> None:
    """Print how searches do that know scores."""
    problem = digits()
    noise = problem.noise if args.noise == "measured" else float(args.noise)
    hypervolume = Hypervolume(problem.points)
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    run = partial(search, problem, hypervolume, noise=noise or 0.0)
    goal = statistics.median(
        run(optuna.samplers.RandomSampler(seed=1000 + seed), seed).shares[-1]
        for seed in seeds
    )
    rng = random.Random(0)
    first = [row for row in rows if row.seed == SEEDS[0]]
    columns = {name: within_unit(known) for name, known in scores.items()}
    columns["log macs"] = within_unit({row.hash: math.log(row.macs) for row in first})
    columns["placebo"] = {row.hash: rng.random() for row in first}
    arms = {"nothing": []} | {name: [name] for name in columns}
    at = [n for n in AT if n <= args.trials]
    print(f"\nnoise {noise:.3g}, {args.seeds} seeds, {args.trials} trials\n")
    print("| knows | to random@400 |", *(f" {n} |" for n in at), sep="")
    print("|---|---|" + "---|" * len(at))
    for name, chosen in arms.items():
        known = {
            frozenset(row.genes.items()): tuple(columns[c][row.hash] for c in chosen)
            for row in first
        }
        make = informed(problem, known)
        courses = [run(make(seed), seed, trials=args.trials) for seed in seeds]
        took = [reached(course, goal) for course in courses]
        cells = [f"{statistics.median(took):.0f} ({sum(map(math.isfinite, took))})"]
        for n in at:
            shares = [100 * course.shares[n - 1] for course in courses]
            error = statistics.stdev(shares) / len(shares) ** 0.5
            cells.append(f"{statistics.mean(shares):.2f} ± {error:.2f}")
        print("|", name, "|", " | ".join(cells), "|", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--scores", nargs="*", choices=SCORES, default=SCORES)
    parser.add_argument("--noise", default="0", help='a number, or "measured"')
    args = parser.parse_args()
    if missing := num_missing():
        sys.exit(f"digits_table.py has {missing} networks to train")
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    torch.set_num_threads(1)
    rows, scores = read(), scored(thirds(), args.scores)
    compare(rows, scores)
    if args.seeds > 1:
        searches(rows, scores, args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
