"""Which sampler reaches a good front in the fewest trials.

Measures the hypervolume of (accuracy, log of size) after 25, 50, 100, 200 and 400
trials, over the hypervolume of the true front: means with standard errors over seeds;
and the trials until it is what random search has after 400 (the median over seeds of
its own). The reference point is the worst accuracy and the largest size of the problem.
Nothing is trained.

    python benchmarks/strategies.py --table PATH/nasbench201_small.csv --seeds 20

Problems: ``nb201`` (the 15,625 cells of NAS-Bench-201; Dong & Yang, ICLR 2020; accuracy
on CIFAR-10 after 200 epochs) and ``nb201/COLUMN`` for another of its columns, and four
synthetic ones with a known front: ``layers`` (eight alike genes that interact),
``blocks`` (conditional genes), ``mixed`` (choices, integers and floats, in log and
not), ``rugged`` (genes that matter only together with random others), and ``digits``,
the small networks that `digits_table.py` has trained. Without --table those of
NAS-Bench-201 are left out.

--noise is the standard deviation of an observed log error (0.05: an error of 6% is seen
as 5.7 to 6.3%), or "measured" for that between two seeds, which ``digits`` knows; what
is reported is the true accuracy of what was trained. --workers
trials are asked for before any is told, and end in random order.
"""

import argparse
import csv
import json
import math
import random
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from digits_table import SEEDS, bound_space, noise_of, num_missing, read, text, thirds
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from nas.report.hypervolume import hypervolume as area
from nas.search import SAMPLERS
from nas.search.samplers.catalog import sampler

AT = (25, 50, 100, 200, 400)
OURS = ("digits", "layers", "blocks", "mixed", "rugged")
Params = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What there is to search: accuracies in percent, sizes, and the true front.

    ``in_use`` names the genes that the objective asks for, given a full parameter set.
    ``noise`` is the standard deviation of the log error of a training, where it is
    known.
    """

    name: str
    search_space: dict[str, BaseDistribution]
    accuracy_of: Callable[[Params], float]
    size_of: Callable[[Params], float]
    in_use: Callable[[Params], list[str]]
    points: np.ndarray
    noise: float | None = None

    def ask(self, study: optuna.Study) -> tuple[optuna.Trial, dict[str, Any]]:
        """Ask for a trial as a define-by-run objective does, gene by gene."""
        trial = study.ask()
        params: dict[str, Any] = {}
        for name, distribution in self.search_space.items():
            if name in self.in_use(params):
                params[name] = suggest(trial, name, distribution)
        return trial, params


def suggest(trial: optuna.Trial, name: str, d: BaseDistribution) -> Any:
    """Suggest one gene."""
    match d:
        case CategoricalDistribution():
            return trial.suggest_categorical(name, d.choices)
        case IntDistribution():
            return trial.suggest_int(name, d.low, d.high, step=d.step, log=d.log)
        case FloatDistribution():
            return trial.suggest_float(name, d.low, d.high, step=d.step, log=d.log)
    raise AssertionError(d)


def table(path: Path, column: str) -> Problem:
    """Return a column of the table of NAS-Bench-201."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    genes = [name for name in rows[0] if name.startswith("op_")]
    cells = {
        tuple(int(row[gene]) for gene in genes): (
            float(row[column]),
            float(row["params"]),
        )
        for row in rows
    }
    return Problem(
        name="nb201" if column == "cifar10_test_200ep" else f"nb201/{column}",
        search_space={gene: CategoricalDistribution(range(5)) for gene in genes},
        accuracy_of=lambda params: cells[tuple(params[gene] for gene in genes)][0],
        size_of=lambda params: cells[tuple(params[gene] for gene in genes)][1],
        in_use=lambda _: genes,
        points=np.array(list(cells.values())),
    )


def digits() -> Problem:
    """Return the networks that we have trained on digits; all have the same seed."""
    bound = bound_space(thirds())
    genes = list(bound.domains)
    rows = read()
    cells = {
        tuple(row.genes.get(gene, "") for gene in genes): (
            100 * row.curve[-1],
            float(row.params),
        )
        for row in rows
        if row.seed == SEEDS[0]
    }
    asked = {
        (cell[:i], gene) for cell in cells for i, gene in enumerate(genes) if cell[i]
    }

    def cell_of(params: Params) -> tuple[str, ...]:
        """Return the genes in use as the table has them, up to one that is missing."""
        cell: tuple[str, ...] = ()
        for gene in genes:
            if (cell, gene) not in asked:
                cell += ("",)
            elif gene in params:
                cell += (text(params[gene]),)
            else:
                break
        return cell

    def in_use(params: Params) -> list[str]:
        cell = cell_of(params)
        return [g for i, g in enumerate(genes) if (cell[:i], g) in asked]

    return Problem(
        name="digits",
        search_space=bound.distributions(),
        accuracy_of=lambda params: cells[cell_of(params)][0],
        size_of=lambda params: cells[cell_of(params)][1],
        in_use=in_use,
        points=np.array(list(cells.values())),
        noise=noise_of(rows),
    )


def layers() -> Problem:
    """Return eight layers of three kinds, each best beside certain others."""
    rng = np.random.default_rng(5)
    names = [f"layer{i}" for i in range(8)]
    gain = np.sort(rng.gamma(2.0, 0.12, size=(8, 3)), axis=1) * [0, 1, 1]
    fit = rng.normal(0, 0.05, size=(7, 3, 3))
    weight = np.array([0, 40_000, 70_000]) * (1 + np.arange(8))[:, None] ** 0.5

    def accuracy_of(params: Params) -> float:
        ops = [params[name] for name in names]
        effect = sum(gain[i, op] for i, op in enumerate(ops))
        effect += sum(fit[i, ops[i], ops[i + 1]] for i in range(7))
        depth = sum(op > 0 for op in ops)
        return 100 - 45 * math.exp(-effect * (0.5 + 0.07 * depth)) - 5

    def size_of(params: Params) -> float:
        return 60_000 + sum(weight[i, params[name]] for i, name in enumerate(names))

    every = [dict(zip(names, ops, strict=True)) for ops in product(range(3), repeat=8)]
    return Problem(
        name="layers",
        search_space={name: CategoricalDistribution(range(3)) for name in names},
        accuracy_of=accuracy_of,
        size_of=size_of,
        in_use=lambda _: names,
        points=np.array([(accuracy_of(p), size_of(p)) for p in every]),
    )


def blocks() -> Problem:
    """Return three blocks whose further genes hang on their kind."""
    kinds = ("sum", "concat", "tree")
    space: dict[str, BaseDistribution] = {}
    for i in range(3):
        space[f"block{i}.kind"] = CategoricalDistribution(kinds)
        space[f"block{i}.depth"] = IntDistribution(1, 4)
        space[f"block{i}.growth"] = CategoricalDistribution((0.25, 0.5))
        space[f"block{i}.kernel"] = CategoricalDistribution((3, 5))
    space["width"] = IntDistribution(8, 128, log=True)
    further = {"sum": "depth kernel", "concat": "depth growth", "tree": "kernel"}

    def in_use(params: Params) -> list[str]:
        names = ["width"]
        for i in range(3):
            names.append(f"block{i}.kind")
            kind = params.get(f"block{i}.kind", "")
            names += [f"block{i}.{n}" for n in further.get(kind, "").split()]
        return names

    cost = {"sum": 1.0, "concat": 0.7, "tree": 2.5}
    merit = {"sum": 0.5, "concat": 0.62, "tree": 0.95}

    def parts(params: Params) -> tuple[float, float]:
        weight = merits = 0.0
        for i in range(3):
            kind = params[f"block{i}.kind"]
            depth = 1 if kind == "tree" else params[f"block{i}.depth"]
            kernel = 3 if kind == "concat" else params[f"block{i}.kernel"]
            growth = params[f"block{i}.growth"] if kind == "concat" else 0.25
            weight += 4**i * cost[kind] * depth * kernel**2 / 9 * (1 + growth)
            merits += merit[kind] * depth**0.45 * (1 + 0.15 * i)
            merits += 0.12 * (kernel == 5) * (2 - i) + 0.2 * (growth == 0.5)
            if i and params[f"block{i - 1}.kind"] == kind == "concat":
                merits -= 0.3
        return weight, merits

    def accuracy_of(params: Params) -> float:
        merits = parts(params)[1]
        width = params["width"]
        return 100 - 70 * math.exp(-0.35 * merits) - 40 * width**-0.6

    def size_of(params: Params) -> float:
        return round(9 * params["width"] ** 2 * parts(params)[0]) + 10 * params["width"]

    options = [
        dict(zip(names, values, strict=True))
        for kind in kinds
        for names in [["kind", *further[kind].split()]]
        for values in product(
            *(
                {
                    "kind": [kind],
                    "depth": range(1, 5),
                    "growth": (0.25, 0.5),
                    "kernel": (3, 5),
                }[name]
                for name in names
            )
        )
    ]
    points = []
    for chosen in product(options, repeat=3):
        params = {
            f"block{i}.{name}": value
            for i, option in enumerate(chosen)
            for name, value in option.items()
        }
        weight, merits = parts(params)
        points += [
            (
                100 - 70 * math.exp(-0.35 * merits) - 40 * width**-0.6,
                round(9 * width**2 * weight) + 10 * width,
            )
            for width in range(8, 129)
        ]
    return Problem(
        name="blocks",
        search_space=space,
        accuracy_of=accuracy_of,
        size_of=size_of,
        in_use=in_use,
        points=np.array(points),
    )


def mixed() -> Problem:
    """Return a network of one kind with a recipe; best rate and depth hang on width."""
    space: dict[str, BaseDistribution] = {
        "width": IntDistribution(8, 256, log=True),
        "depth": IntDistribution(2, 20),
        "unit": CategoricalDistribution(("basic", "separable", "bottleneck")),
        "rate": FloatDistribution(1e-4, 1.0, log=True),
        "dropout": FloatDistribution(0.0, 0.5),
        "squeeze": CategoricalDistribution((False, True)),
    }
    price = {"basic": 18.0, "separable": 2.4, "bottleneck": 4.5}
    power = {"basic": 1.0, "separable": 0.8, "bottleneck": 0.86}

    def size_of(params: Params) -> float:
        each = price[params["unit"]] * params["width"] ** 2
        each *= 1.12 if params["squeeze"] else 1
        return round(params["depth"] * each + 30 * params["width"])

    def accuracy_of(params: Params) -> float:
        width, depth = params["width"], params["depth"]
        capacity = power[params["unit"]] * (math.log(width) + 0.7 * math.log(depth))
        capacity += 0.18 * params["squeeze"] - 0.012 * max(depth - 12, 0)
        best_rate = math.log(0.3) - 0.4 * math.log(width / 8)
        off = (math.log(params["rate"]) - best_rate) ** 2 / 12
        over = 3 * abs(params["dropout"] - 0.06 * max(capacity - 4, 0))
        return 100 - 88 * math.exp(-0.36 * capacity + 0.25 * over) - min(9 * off, 60)

    points = []
    for width, depth, unit, squeeze in product(
        range(8, 257), range(2, 21), price, (False, True)
    ):
        params = {"width": width, "depth": depth, "unit": unit, "squeeze": squeeze}
        params["rate"] = math.exp(math.log(0.3) - 0.4 * math.log(width / 8))
        capacity = power[unit] * (math.log(width) + 0.7 * math.log(depth))
        capacity += 0.18 * squeeze - 0.012 * max(depth - 12, 0)
        params["dropout"] = min(0.5, 0.06 * max(capacity - 4, 0))
        points.append((accuracy_of(params), size_of(params)))
    points.append((0.0, points[0][1]))
    return Problem(
        name="mixed",
        search_space=space,
        accuracy_of=accuracy_of,
        size_of=size_of,
        in_use=lambda _: list(space),
        points=np.array(points),
    )


def rugged() -> Problem:
    """Return an NK landscape (Kauffman & Weinberger 1989): nine genes, K = 2.

    What a gene contributes is drawn anew for every combination of its value and those
    of two other genes, so that one change can undo all that was learnt.
    """
    rng = np.random.default_rng(11)
    num = 9
    names = [f"gene{i}" for i in range(num)]
    beside = [rng.choice(np.delete(np.arange(num), i), 2, False) for i in range(num)]
    parts = rng.random((num, 3, 3, 3))
    weight = rng.uniform(20_000, 60_000, num)[:, None] * [0, 1, 2.5]

    def evaluate(values: np.ndarray) -> np.ndarray:
        """Return accuracies and sizes (N, 2) of genes (N, 9)."""
        luck = sum(
            parts[i, values[:, i], values[:, beside[i][0]], values[:, beside[i][1]]]
            for i in range(num)
        )
        sizes = 40_000 + weight[np.arange(num), values].sum(axis=1)
        errors = 45 * (sizes / 40_000) ** -0.35 * np.exp(2.0 - 0.45 * luck)
        return np.stack([100 - np.minimum(errors, 90), sizes], axis=1)

    every = np.array(list(product(range(3), repeat=num)))
    points = evaluate(every)
    known = dict(zip(map(tuple, every.tolist()), points.tolist(), strict=True))

    def look_up(params: Params) -> list[float]:
        return known[tuple(params[name] for name in names)]

    return Problem(
        name="rugged",
        search_space={name: CategoricalDistribution(range(3)) for name in names},
        accuracy_of=lambda params: look_up(params)[0],
        size_of=lambda params: look_up(params)[1],
        in_use=lambda _: names,
        points=points,
    )


class Hypervolume:
    """The share of the true front's area that trials cover.

    Args:
        points: (N, 2) accuracies and sizes of everything that there is.
    """

    def __init__(self, points: np.ndarray) -> None:
        self.worst = float(points[:, 0].min())
        self.largest = float(points[:, 1].max())
        self.whole = 1.0
        self.whole = self.of(points)

    def of(self, points: np.ndarray) -> float:
        """Return the share that (accuracy, size) pairs cover."""
        return area(map(tuple, points), self.worst, self.largest) / self.whole

    def after_each(self, trials: list[tuple[float, float]]) -> list[float]:
        """Return the share after each of the trials."""
        shares: list[float] = []
        front: list[tuple[float, float]] = []
        for accuracy, size in trials:
            if not any(p[0] >= accuracy and p[1] <= size for p in front):
                front = [p for p in front if p[0] > accuracy or p[1] < size]
                front.append((accuracy, size))
                shares.append(self.of(np.array(front)))
            else:
                shares.append(shares[-1])
        return shares


def samplers(problem: Problem) -> dict[str, Callable[[int], Any]]:
    """Return what is compared: a sampler for a seed, by name."""
    ours = {
        name: partial(made, name, problem)
        for name in SAMPLERS
        if name != "grid"  # the order of a grid is as random as `random`
    }
    return {"tpe-univariate": lambda seed: optuna.samplers.TPESampler(seed=seed)} | ours


def made(name: str, problem: Problem, seed: int) -> optuna.samplers.BaseSampler:
    """Return the package's sampler of a name for a problem."""
    return sampler(name, seed, problem.search_space, problem.size_of)


@dataclass
class Course:
    """One search: the hypervolume after each trial, and the seconds that asks took."""

    shares: list[float]
    seconds: list[float]
    distinct: int


def search(
    problem: Problem,
    hypervolume: Hypervolume,
    sampler: Any,
    seed: int,
    *,
    trials: int = 400,
    noise: float = 0.0,
    workers: int = 1,
) -> Course:
    """Run one search."""
    rng = random.Random(seed)
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    running: list[tuple[optuna.Trial, dict[str, Any]]] = []
    done: list[tuple[float, float]] = []
    seconds: list[float] = []
    seen = set()
    while len(done) < trials:
        while len(running) < workers and len(seconds) < trials:
            start = time.perf_counter()
            running.append(problem.ask(study))
            seconds.append(time.perf_counter() - start)
        trial, params = running.pop(rng.randrange(len(running)))
        accuracy, size = problem.accuracy_of(params), problem.size_of(params)
        error = (100 - accuracy) * math.exp(rng.gauss(0, noise))
        study.tell(trial, [max(100 - error, 0), size])
        done.append((accuracy, size))
        seen.add(json.dumps(params, sort_keys=True))
    return Course(hypervolume.after_each(done), seconds, len(seen))


def reached(course: Course, goal: float) -> float:
    """Return the trials that it took to the goal; infinite when it was not met."""
    return next((i for i, s in enumerate(course.shares, 1) if s >= goal), math.inf)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", type=Path)
    parser.add_argument("--problems", nargs="+")
    parser.add_argument("--samplers", nargs="+")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--noise", default="0", help='a number, or "measured"')
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for problem in problems(args.table, args.problems):
        report(problem, args)
    return 0


def problems(path: Path | None, names: list[str] | None) -> Iterator[Problem]:
    """Yield the problems of these names, by default all that can be run."""
    if names is None:
        names = ["nb201", *OURS]
    made = {
        "digits": digits,
        "layers": layers,
        "blocks": blocks,
        "mixed": mixed,
        "rugged": rugged,
    }
    for name in names:
        if name.startswith("nb201"):
            if path is None or not path.exists():
                print(f"{name}: skipped, --table must be nasbench201_small.csv")
                continue
            column = name.partition("/")[2] or "cifar10_test_200ep"
            yield table(path, column)
        elif name == "digits" and (num_left := num_missing()):
            print(f"digits: skipped, digits_table.py has {num_left} networks to train")
        elif name in made:
            yield made[name]()
        else:
            sys.exit(f"no problem {name!r}: choose nb201 or {' or '.join(OURS)}")


def report(problem: Problem, args: argparse.Namespace) -> None:
    """Run every sampler on a problem and print a table."""
    if args.noise != "measured":
        noise = float(args.noise)
    elif problem.noise is not None:
        noise = problem.noise
    else:
        print(f"{problem.name}: skipped, its noise has not been measured")
        return
    print(
        f"\n### {problem.name}, {args.seeds} seeds, {args.workers} worker(s), "
        f"noise {noise:.3g}\n"
    )
    at = [trials for trials in AT if trials <= args.trials]
    print("| sampler | trials to random@400 (met) |", end="")
    print(*[f" {n} |" for n in at], " distinct | ms an ask |", sep="")
    print("|---|---|" + "---|" * (len(at) + 2))
    hypervolume = Hypervolume(problem.points)
    every = range(args.first_seed, args.first_seed + args.seeds)
    goal = statistics.median(
        search(
            problem, hypervolume, optuna.samplers.RandomSampler(seed=1000 + seed), seed
        ).shares[-1]
        for seed in every
    )
    makers = samplers(problem)
    for name in args.samplers or [n for n in makers if n != "gp"]:
        run = partial(
            search,
            problem,
            hypervolume,
            trials=args.trials,
            noise=noise,
            workers=args.workers,
        )
        courses = [run(sampler=makers[name](seed), seed=seed) for seed in every]
        took = [reached(course, goal) for course in courses]
        met = sum(map(math.isfinite, took))
        cells = [f"{statistics.median(took):.0f} ({met}/{len(took)})"]
        for n in at:
            shares = [100 * course.shares[n - 1] for course in courses]
            error = statistics.pstdev(shares) / max(len(shares) - 1, 1) ** 0.5
            cells.append(f"{statistics.mean(shares):.2f} ± {error:.2f}")
        cells.append(f"{statistics.mean(c.distinct for c in courses):.0f}")
        spent = sorted(second for course in courses for second in course.seconds)
        cells.append(f"{1e3 * statistics.mean(spent):.1f}")
        print("|", name, "|", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    sys.exit(main())
