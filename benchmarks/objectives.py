"""What it brings to search for the costs that one cares about.

Runs the same searches, with the same seeds and as many trials, over the table of
`digits_table.py`, each with other objectives. What they find is judged by three
hypervolumes: of accuracy over the log of parameters, over the log of MACs, and over
both at once; in percent of what the whole table has. Means with standard errors over
seeds, and for how many seeds a search is ahead of the one for parameters. Nothing is
trained.

    python benchmarks/objectives.py --seeds 20

"macs, measured" gets MACs only with the results, as a search for latency does, and has
to estimate those of its candidates. The reference point is the worst accuracy and the
highest costs of the table.
"""

import argparse
import math
import statistics
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import optuna
from digits_table import SEEDS, Row, num_missing, read, text
from strategies import Problem, digits

from nas.report.hypervolume import hypervolume
from nas.search.samplers.catalog import sampler

Point = tuple[float, float, float]
"""An accuracy in percent, parameters and MACs."""

SEARCHES = {
    "params": ("params",),
    "macs": ("macs",),
    "macs, measured": ("macs, measured",),
    "params,macs": ("params", "macs"),
    "params,macs, measured": ("params", "macs, measured"),
}
VIEWS = ("params", "macs", "both")


@dataclass(frozen=True, kw_only=True)
class Table:
    """The problem of the table, and the row of each of its networks."""

    problem: Problem
    rows: Mapping[frozenset[tuple[str, str]], Row]

    def row(self, params: Mapping[str, Any]) -> Row:
        """Return the training of a parameter set, which may have genes out of use."""
        names = self.problem.in_use(params)
        return self.rows[frozenset((name, text(params[name])) for name in names)]

    def counts(self) -> dict[str, Callable[[Mapping[str, Any]], float] | None]:
        """Return what counts each cost, None for what has to be measured."""
        return {
            "params": lambda params: self.row(params).params,
            "macs": lambda params: self.row(params).macs,
            "macs, measured": None,
        }


def table() -> Table:
    """Return the table that there is."""
    rows = [row for row in read() if row.seed == SEEDS[0]]
    return Table(
        problem=digits(), rows={frozenset(row.genes.items()): row for row in rows}
    )


def point(row: Row) -> Point:
    """Return what a network reaches, and what it costs."""
    return 100 * row.curve[-1], float(row.params), float(row.macs)


class Volumes:
    """The shares of what there is that some points cover, by view.

    Args:
        points: everything that there is.
    """

    def __init__(self, points: Iterable[Point]) -> None:
        points = list(points)
        self.worst = min(accuracy for accuracy, _, _ in points)
        self.params = max(params for _, params, _ in points)
        self.macs = max(macs for _, _, macs in points)
        self.whole = self._of(points)

    def shares(self, points: Iterable[Point]) -> dict[str, float]:
        """Return the share for each view, in percent."""
        found = self._of(list(points))
        return {view: 100 * found[view] / self.whole[view] for view in VIEWS}

    def _of(self, points: list[Point]) -> dict[str, float]:
        return {
            "params": self._over_params(points),
            "macs": hypervolume([(a, m) for a, _, m in points], self.worst, self.macs),
            "both": self._over_both(points),
        }

    def _over_params(self, points: Iterable[Point]) -> float:
        return hypervolume([(a, p) for a, p, _ in points], self.worst, self.params)

    def _over_both(self, points: list[Point]) -> float:
        """Return a volume: an area over parameters for every step of MACs."""
        ascending = sorted(points, key=lambda one: one[2])
        ends = [macs for _, _, macs in ascending[1:]] + [self.macs]
        volume = 0.0
        for i, ((_, _, macs), end) in enumerate(zip(ascending, ends, strict=True)):
            if end > macs:
                step = math.log(end) - math.log(macs)
                volume += step * self._over_params(ascending[: i + 1])
        return volume


def search(
    table: Table, name: str, objectives: tuple[str, ...], seed: int, trials: int
) -> list[Point]:
    """Return what a search trains, in its order."""
    counts = table.counts()
    made = partial(sampler, name, seed, table.problem.search_space)
    only_size = objectives == ("params",)
    study = optuna.create_study(
        directions=["maximize", *["minimize"] * len(objectives)],
        sampler=made(
            counts["params"],
            costs=None if only_size else [counts[cost] for cost in objectives],
        ),
    )
    found = []
    for _ in range(trials):
        trial, params = table.problem.ask(study)
        row = table.row(params)
        known = {"params": row.params, "macs": row.macs, "macs, measured": row.macs}
        study.tell(trial, [100 * row.curve[-1], *(known[cost] for cost in objectives)])
        found.append(point(row))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, nargs="+", default=[25, 50])
    parser.add_argument("--samplers", nargs="+", default=["size-aware"])
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if num_left := num_missing():
        sys.exit(f"digits_table.py has {num_left} networks to train")
    every = table()
    volumes = Volumes(map(point, every.rows.values()))
    print("| sampler, costs | trials |", *[f" {view} | ahead |" for view in VIEWS])
    print("|---|---|" + "---|---|" * len(VIEWS))
    for name in args.samplers:
        report(every, volumes, name, args.seeds, args.trials)
    return 0


def report(
    table: Table, volumes: Volumes, name: str, seeds: int, at: list[int]
) -> None:
    """Run every search with a sampler and print a row for each."""
    before: dict[int, list[dict[str, float]]] = {}
    for title, objectives in SEARCHES.items():
        if name not in ("size-aware",) and "measured" in title:
            continue  # they do not look at costs before a training
        runs = [search(table, name, objectives, seed, max(at)) for seed in range(seeds)]
        for trials in at:
            found = [volumes.shares(run[:trials]) for run in runs]
            first = before.setdefault(trials, found)
            cells = [f"{name}: {title}", str(trials)]
            for view in VIEWS:
                shares = [one[view] for one in found]
                spread = statistics.stdev(shares) if seeds > 1 else 0.0
                cells.append(
                    f"{statistics.mean(shares):.2f} ± {spread / seeds**0.5:.2f}"
                )
                pairs = zip(found, first, strict=True)
                ahead = sum(now[view] > then[view] for now, then in pairs)
                cells.append("" if found is first else f"{ahead}/{seeds}")
            print("|", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    sys.exit(main())
