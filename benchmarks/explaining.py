"""How right `nas explain` is, on trials whose truth is known.

First on made trials: networks drawn from the default space for images of 8 x 8 pixels,
with errors that go by size, by some genes, and by noise (a standard deviation of 0.35
in log error). "none" is where no gene matters; in "some" hierarchical aggregation costs
0.3 in log error in blocks 1 and 4, and unit, depth and fusion matter, too. In "turn"
concat costs 0.3 in blocks 1 and 3 and gains as much in 2 and 4, which is nothing in all
of them; and as in a search, trials have what is better more often: a block less that
costs makes a network 2.7 times as likely. For so many trials a line tells in how many
runs

- miss: one interval or more of the whole table misses the true difference (5 % are
  meant to);
- alarm: one difference or more is established where there is none;

and how many differences were answered and established a run, on average.

Then on searches of `digits_table.csv.gz`, where every network of a small space has been
trained: random ones, and such of the sampler that a search has by default, which
trains what it believes in. Noise is that of the table's second seeds. "alarm" is as
above, where size alone decides. What is established with the accuracies of the table is
held against the mean differences among all of its networks at equal size.

    python benchmarks/explaining.py [--runs 200]
"""

import argparse
import math
import random
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import optuna
from beliefs import record, searched
from digits_table import read
from strategies import Problem, digits

from nas.nn.cost import num_params
from nas.records import TrialRecord
from nas.report import AggregationEffect, explain, size_bands
from nas.space import BoundSpace, SearchSpace

NOISE = 0.35
MATTER = ("none", "some", "turn")
POOL = 1500
"""Networks that made trials are drawn from."""

FRESH = 100_000
"""Seeds of made trials begin here: with lower ones the estimate of noise was chosen."""

Network = tuple[dict[str, Any], int]


def numbers(genes: Mapping[str, str]) -> dict[str, Any]:
    """Return genes as they were before they were written into the table."""
    return {name: int(v) if v.isdigit() else v for name, v in genes.items()}


def drawn(number: int) -> list[Network]:
    """Return the genes and sizes of so many networks of the default space."""
    space = BoundSpace(
        space=SearchSpace.load("default"),
        input_shape=(1, 8, 8),
        num_classes=10,
        max_params=50_000,
    )
    rng = random.Random(0)
    networks = [space.sample(rng) for _ in range(number)]
    return [(dict(network.genes or {}), num_params(network)) for network in networks]


def log_error(genes: Mapping[str, Any], params: int, matter: str) -> float:
    """Return the true log error of a network."""
    size = math.log(params) - 8
    error = -2.2 - 0.35 * size + 0.05 * size**2
    if matter == "some":
        error += 0.3 * (genes["block1.aggregation"] == "hierarchical")
        error += 0.3 * (genes["block4.aggregation"] == "hierarchical")
        error += 0.3 * (genes["block3.unit"] == "separable")
        error += 0.2 * (genes["fusion"] == "last")
        error += 0.1 * (genes.get("block2.depth", 2.5) - 2.5)
    if matter == "turn":
        error += 0.3 * _worse(genes)
    return error


def _worse(genes: Mapping[str, Any]) -> int:
    """Return in how many blocks concat costs, less those in which it gains."""
    return sum(
        -((-1) ** block) * (genes[f"block{block}.aggregation"] == "concat")
        for block in (1, 2, 3, 4)
    )


def networks(
    pool: list[Network], number: int, matter: str, rng: random.Random
) -> list[Network]:
    """Return different networks, of "turn" such as a search would like."""
    if matter != "turn":
        return rng.sample(pool, number)
    # Weighted draws without putting back (Efraimidis and Spirakis 2006).
    drawn = {
        i: rng.expovariate(1.0) * math.exp(_worse(genes))
        for i, (genes, _) in enumerate(pool)
    }
    return [pool[i] for i in sorted(drawn, key=drawn.__getitem__)[:number]]


def truth(effect: AggregationEffect, pool: list[Network], matter: str) -> float:
    """Return the true mean difference of accuracies that an effect is about."""

    def error(kind: str, genes: Mapping[str, Any], params: int) -> float:
        blocks = [effect.block] if effect.block else [1, 2, 3, 4]
        switched = {f"block{block}.aggregation": kind for block in blocks}
        return math.exp(log_error({**genes, **switched}, params, matter))

    inside = [n for n in pool if effect.band is None or n[1] in effect.band]
    apart = [error(effect.other, *n) - error(effect.one, *n) for n in inside]
    return math.exp(NOISE**2 / 2) * float(np.mean(apart))


def on_made_trials(pool: list[Network], number: int, runs: int, matter: str) -> str:
    """Return a line on runs of so many trials."""
    bands = size_bands(min(params for _, params in pool), 50_000)
    known: dict[tuple[Any, ...], float] = {}
    misses = alarms = answered = established = 0
    for run in range(runs):
        rng = random.Random(FRESH + run)
        chosen = networks(pool, number, matter, rng)
        if matter == "turn":
            # Differences in accuracy are about the trials, which are not the pool here.
            known = {}
        records = [
            record(
                i,
                str(i),
                genes,
                params,
                1 - math.exp(log_error(genes, params, matter) + rng.gauss(0, NOISE)),
            )
            for i, (genes, params) in enumerate(chosen)
        ]
        missed = alarmed = False
        for effect in explain(records, bands, seed=run).effects:
            if effect.low is None or effect.high is None:
                continue
            key = key_of(effect)
            if key not in known:
                about = chosen if matter == "turn" else pool
                known[key] = truth(effect, about, matter)
            answered += 1
            established += effect.established
            missed |= not effect.low <= known[key] <= effect.high
            alarmed |= effect.established and abs(known[key]) < 1e-9
        misses += missed
        alarms += alarmed
    return (
        f"{number:6}  {matter}  {100 * misses / runs:5.0f} %  "
        f"{100 * alarms / runs:5.0f} %  {answered / runs:8.1f}  "
        f"{established / runs:11.2f}"
    )


def without_genes(problem: Problem) -> Problem:
    """Return a problem with the same networks, of which size alone decides."""

    def accuracy(params: Mapping[str, Any]) -> float:
        return 100 * (
            1 - math.exp(-2.2 - 0.35 * (math.log(problem.size_of(params)) - 8))
        )

    return replace(problem, accuracy_of=accuracy)


def on_searches(
    problem: Problem, every: list[TrialRecord], sampler: str, number: int, runs: int
) -> str:
    """Return a line on searches of so many of the table's networks."""
    sizes = [record.params for record in every]
    bands = size_bands(min(sizes), max(sizes))
    whole = {key_of(e): e.difference for e in explain(every, bands).effects}
    alarms = established = right = 0
    assert problem.noise is not None
    for run in range(runs):
        nothing, _ = searched(
            without_genes(problem), sampler, run, number, problem.noise
        )
        found = explain(nothing, bands, seed=run).effects
        alarms += any(effect.established for effect in found)
        some, _ = searched(problem, sampler, run, number, problem.noise)
        for effect in explain(some, bands, seed=run).effects:
            at_all = whole[key_of(effect)]
            if effect.established and at_all is not None:
                assert effect.difference is not None
                established += 1
                right += (effect.difference > 0) == (at_all > 0)
    share = f"{100 * right / established:.1f} %" if established else "-"
    return (
        f"{sampler:10}  {number:6}  {100 * alarms / runs:5.0f} %  "
        f"{established / runs:11.2f}  {share:>10}"
    )


def key_of(effect: AggregationEffect) -> tuple[Any, ...]:
    """Return what a difference is about."""
    return effect.block, effect.band, effect.one, effect.other


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--trials", type=int, nargs="+", default=[24, 40, 80, 200])
    parser.add_argument("--searched", type=int, nargs="+", default=[40, 80])
    given = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    pool = drawn(POOL)
    print("Made trials\ntrials  genes    miss    alarm  answered  established")
    for matter in MATTER:
        for number in given.trials:
            print(on_made_trials(pool, number, given.runs, matter), flush=True)
    every = [
        record(i, row.hash, numbers(row.genes), row.params, row.curve[-1])
        for i, row in enumerate(row for row in read() if row.seed == 0)
    ]
    problem = digits()
    print("\nTrainings of the digits")
    print("sampler     trials    alarm  established  right sign")
    for sampler in ("random", "size-aware"):
        for number in given.searched:
            line = on_searches(problem, every, sampler, number, given.runs)
            print(line, flush=True)
    print(f"\nAll {len(every)} of them: {explain(every, ()).words}")


if __name__ == "__main__":
    main()
