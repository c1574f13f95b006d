"""How many epochs successive halving takes to the same front.

Replays searches on tables of trained networks, with and without halving; nothing is
trained. A search without halving is given ``--trials`` whole trainings. What counts is
the hypervolume of (accuracy, log of size) of the whole trainings alone; how many epochs
it takes with halving until it is as large, for the median search without after 25, 50,
... trials, over the epochs of those trials. Under 1 is a gain.

    python benchmarks/halving.py --digits benchmarks/halving_table.csv.gz --seeds 20
    python benchmarks/halving.py --nb201 PATH/nasbench201_small.csv --seeds 20

``--digits`` is a table of real learning curves (columns: one per gene, empty where it
is absent; ``hash``, ``params``, ``macs``, ``seed``, ``accuracy_1`` to ``accuracy_15``;
where there is a ``standing_2``, it is what networks are judged by at that pause).
``--nb201`` has two trainings of each cell (Dong & Yang, ICLR 2020): of 12 epochs,
judged on the validation images, and of 200, on the test images. Each has a schedule of
its own, so going on costs the whole 200 epochs here. A table that is absent is skipped.
"""

import argparse
import csv
import gzip
import math
import statistics
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution
from optuna.trial import create_trial
from strategies import Hypervolume

from nas.errors import DoesNotFit
from nas.search.samplers.catalog import sampler
from nas.search.samplers.partial import stopped_trial, tell_stopped
from nas.search.scheduler import Scheduler, rung_epochs

AT = (25, 50, 100, 200, 400)
Params = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Network:
    """A row of a table: percent after each of some epochs, of which the last is all."""

    params: int
    identity: str
    accuracies: Mapping[int, float]


class Table:
    """Trained networks, found by their genes one after the other.

    Args:
        name: of the table.
        genes: in an order in which a gene comes after those that it hangs on.
        rows: the genes' values, "" where one is absent, and the network.
        epochs: of a whole training.
        restarts: whether a training that goes on begins anew.
    """

    def __init__(
        self,
        name: str,
        genes: Sequence[str],
        rows: Iterable[tuple[Sequence[str], Network]],
        epochs: int,
        *,
        restarts: bool = False,
    ) -> None:
        self.name = name
        self.epochs = epochs
        self.restarts = restarts
        self.networks: list[Network] = []
        self._tree: dict[str, Any] = {}
        found: dict[str, set[str]] = {gene: set() for gene in genes}
        for values, network in rows:
            self.networks.append(network)
            place = self._tree
            for gene, value in zip(genes[:-1], values[:-1], strict=True):
                place = place.setdefault(value, {})
                found[gene].add(value)
            place[values[-1]] = network
            found[genes[-1]].add(values[-1])
        self.genes = {
            gene: tuple(sorted(values - {""}, key=_numbers_first))
            for gene, values in found.items()
        }
        self.space = {g: CategoricalDistribution(v) for g, v in self.genes.items()}

    def walk(self, look_up: Callable[[str], str]) -> Network | None:
        """Return the network of the genes looked up, None where the table has none."""
        place: Any = self._tree
        for gene in self.genes:
            value = "" if set(place) == {""} else look_up(gene)
            if value not in place:
                return None
            place = place[value]
        return place

    def size_of(self, params: Params) -> float:
        """Return a network's size."""
        if (network := self.walk(params.__getitem__)) is None:
            raise DoesNotFit("not in the table")
        return network.params

    def identity_of(self, params: Params) -> str | None:
        """Return what equal networks have in common."""
        network = self.walk(params.__getitem__)
        return None if network is None else network.identity

    def in_use(self, params: Params) -> list[str]:
        """Return the names of the genes in use."""
        used: list[str] = []

        def look_up(gene: str) -> str:
            used.append(gene)
            return params[gene]

        self.walk(look_up)
        return used

    def sampler(self, name: str, seed: int) -> optuna.samplers.BaseSampler:
        """Return the package's sampler of a name."""
        hooks = {"identity_of": self.identity_of, "in_use": self.in_use}
        return sampler(name, seed, self.space, self.size_of, **hooks)


def _numbers_first(value: str) -> tuple[float, str]:
    try:
        return float(value), value
    except ValueError:
        return math.inf, value


def nb201(path: Path) -> Table:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    genes = [name for name in rows[0] if name.startswith("op_")]
    return Table(
        "nb201",
        genes,
        [
            (
                [row[gene] for gene in genes],
                Network(
                    params=int(float(row["params"])),
                    identity=row["arch"],
                    accuracies={
                        12: float(row["cifar10_val_12ep"]),
                        200: float(row["cifar10_test_200ep"]),
                    },
                ),
            )
            for row in rows
        ],
        epochs=200,
        restarts=True,
    )


def digits(path: Path) -> Table:
    with gzip.open(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    # What was judged at a pause comes after the plain accuracy, and in its place.
    judged = [
        name
        for kind in ("accuracy_", "standing_")
        for name in rows[0]
        if name.startswith(kind)
    ]
    others = {"hash", "params", "macs", "seed", *judged}
    genes = [name for name in rows[0] if name not in others]
    first: dict[str, dict[str, str]] = {}
    for row in rows:  # a network may be there with several seeds
        first.setdefault(row["hash"], row)
    return Table(
        "digits",
        genes,
        [
            (
                [row[gene] for gene in genes],
                Network(
                    params=int(row["params"]),
                    identity=row["hash"],
                    accuracies={
                        int(name.partition("_")[2]): 100 * float(row[name])
                        for name in judged
                    },
                ),
            )
            for row in first.values()
        ],
        epochs=max(int(name.partition("_")[2]) for name in judged),
    )


@dataclass(frozen=True)
class Course:
    """The epochs spent when each whole training ended, and the hypervolume then."""

    epochs: list[int]
    shares: list[float]

    def reached(self, goal: float) -> float:
        """Return the epochs that it took to a goal; infinite when it was not met."""
        pairs = zip(self.epochs, self.shares, strict=True)
        return next((spent for spent, share in pairs if share >= goal), math.inf)


def search(
    table: Table,
    hypervolume: Hypervolume,
    name: str,
    seed: int,
    *,
    rungs: Sequence[int],
    eta: int,
    most_epochs: int,
    goal: float = math.inf,
) -> Course:
    """Run one search, one training at a time, until a goal is met or epochs are spent.

    A single rung makes it one without halving.
    """
    study = optuna.create_study(
        directions=["maximize", "minimize"], sampler=table.sampler(name, seed)
    )
    scheduler = Scheduler(rungs, eta)
    begun: list[tuple[dict[str, Any], Network]] = []
    seen: set[str] = set()
    spent = 0
    course = Course([], [])
    done: list[tuple[float, float]] = []
    while spent < most_epochs and course.reached(goal) == math.inf:
        if (promotion := scheduler.promotion()) is not None:
            number, until = promotion.trial, promotion.epochs
            trial, (params, network) = None, begun[number]
            scheduler.promoted(number, until)
            before = 0 if table.restarts else rungs[rungs.index(until) - 1]
        elif len(seen) < len(table.networks):
            trial, network = ask(table, study, seen)
            params = dict(trial.params)
            number, before, until = len(begun), 0, rungs[0]
            begun.append((params, network))
        else:
            break
        spent += until - before
        accuracy = network.accuracies[until]
        reached = {epochs: network.accuracies[epochs] for epochs in rungs}
        reached = {
            epochs: value for epochs, value in reached.items() if epochs <= until
        }
        scheduler.take_in(number, (network.params,), reached)
        part = until / table.epochs
        if until < table.epochs:
            if trial is None:
                study.add_trial(stopped_trial(params, table.space, part, accuracy))
            else:
                tell_stopped(study, trial, part, accuracy)
            continue
        values = [accuracy, network.params]
        if trial is None:
            used = {gene: table.space[gene] for gene in params}
            study.add_trial(
                create_trial(values=values, params=params, distributions=used)
            )
        else:
            study.tell(trial, values)
        done.append((accuracy, network.params))
        course.epochs.append(spent)
        course.shares.append(hypervolume.of(np.array(done)))
    return course


def ask(
    table: Table, study: optuna.Study, seen: set[str]
) -> tuple[optuna.Trial, Network]:
    """Return a trial of a network that nobody has asked for yet."""
    while True:
        trial = study.ask()
        network = table.walk(partial(_suggested, trial, table))
        if network is not None and network.identity not in seen:
            seen.add(network.identity)
            return trial, network
        study.tell(trial, state=optuna.trial.TrialState.FAIL)


def _suggested(trial: optuna.Trial, table: Table, gene: str) -> str:
    return str(trial.suggest_categorical(gene, table.genes[gene]))


def compared(
    table: Table,
    name: str,
    *,
    rungs: Sequence[int],
    eta: int,
    seeds: Sequence[int],
    trials: int,
) -> None:
    """Print how a sampler does on a table with halving, against without."""
    hypervolume = Hypervolume(
        np.array([(n.accuracies[table.epochs], n.params) for n in table.networks])
    )
    most = trials * table.epochs
    run = partial(search, table, hypervolume, name, eta=eta)
    plain = [run(seed, rungs=[table.epochs], most_epochs=most) for seed in seeds]
    at = [number for number in AT if number <= trials]
    goals = [statistics.median(c.shares[number - 1] for c in plain) for number in at]
    halved = [
        run(seed, rungs=rungs, most_epochs=most, goal=goals[-1]) for seed in seeds
    ]
    cells = []
    for number, goal in zip(at, goals, strict=True):
        took = statistics.median(course.reached(goal) for course in halved)
        met = sum(math.isfinite(c.reached(goal)) for c in halved)
        cells.append(
            f"{100 * goal:.2f}: {took / (number * table.epochs):.2f} "
            f"({met}/{len(halved)})"
        )
    shown = " ".join(map(str, rungs))
    print(
        f"| {table.name}, {name} | {shown} | {eta} |",
        " | ".join(cells),
        "|",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--digits", type=Path)
    parser.add_argument("--nb201", type=Path)
    parser.add_argument("--samplers", nargs="+", default=["random", "size-aware"])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--eta", type=int, nargs="+", default=[3])
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    at = [number for number in AT if number <= args.trials]
    print("| table, sampler | rungs | eta |", *[f" {n} trials |" for n in at], sep="")
    print("|---|---|---|" + "---|" * len(at))
    for path, read in ((args.digits, digits), (args.nb201, nb201)):
        if path is None or not path.exists():
            print(f"{read.__name__}: skipped, no table at {path}", file=sys.stderr)
            continue
        table = read(path)
        for eta in args.eta:
            rungs = (12, 200) if table.restarts else rung_epochs(table.epochs, eta)
            for name in args.samplers:
                compared(
                    table,
                    name,
                    rungs=rungs,
                    eta=eta,
                    seeds=range(args.seeds),
                    trials=args.trials,
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
