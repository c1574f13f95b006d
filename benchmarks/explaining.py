"""How right `nas explain` is, on trials whose truth is known.

First on made trials: networks drawn from the default space for images of 8 x 8 pixels,
with errors that go by size, by some genes, and by noise (a standard deviation of 0.35
in log error). "none" is where no gene matters; in "some" hierarchical aggregation costs
0.3 in log error in blocks 1 and 4, and unit, depth and fusion matter, too. For so many
trials a line tells in how many runs

- miss: one interval or more of the whole table misses the true difference (5 % are
  meant to);
- alarm: one difference or more is established where there is none;

and how many differences were answered and established a run, on average.

Then on real trainings: those of `digits_table.csv.gz`, where every network of a small
space has been trained. Samples of them are explained; what they establish is held
against the mean difference between all of the table's networks at equal size.

    python benchmarks/explaining.py [--runs 100] [--trials 24 40 80 200]
"""

import argparse
import math
import random
from collections.abc import Mapping
from typing import Any

import numpy as np
from digits_table import read

from nas.arch import Architecture, Basic, Block, StemConv, Sum
from nas.nn.cost import num_params
from nas.records import TrialRecord
from nas.report import AggregationEffect, explain, size_bands
from nas.space import BoundSpace, SearchSpace

NOISE = 0.35
POOL = 1500
"""Networks that made trials are drawn from."""

Network = tuple[dict[str, Any], int]


def trial(number: int, genes: Mapping[str, Any], params: int, accuracy: float):
    """Return a trial that has what an explanation goes by."""
    return TrialRecord(
        trial=number,
        architecture=Architecture(
            input_shape=(1, 8, 8),
            num_classes=10,
            stem=(StemConv(width=8),),
            blocks=(Block(aggregation=Sum(), unit=Basic(), depth=1, width=8),),
            genes=dict(genes),
        ),
        params=params,
        macs=params,
        status="complete",
        seconds=1.0,
        accuracy=accuracy,
        loss=None,
        curve=(accuracy,),
        seed=0,
        device="cpu",
        error=None,
        finished="",
    )


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


def log_error(genes: Mapping[str, Any], params: int, *, some: bool) -> float:
    """Return the true log error of a network."""
    size = math.log(params) - 8
    error = -2.2 - 0.35 * size + 0.05 * size**2
    if some:
        error += 0.3 * (genes["block1.aggregation"] == "hierarchical")
        error += 0.3 * (genes["block4.aggregation"] == "hierarchical")
        error += 0.3 * (genes["block3.unit"] == "separable")
        error += 0.2 * (genes["fusion"] == "last")
        error += 0.1 * (genes.get("block2.depth", 2.5) - 2.5)
    return error


def truth(effect: AggregationEffect, pool: list[Network], *, some: bool) -> float:
    """Return the true mean difference of accuracies that an effect is about."""

    def error(kind: str, genes: Mapping[str, Any], params: int) -> float:
        blocks = [effect.block] if effect.block else [1, 2, 3, 4]
        switched = {f"block{block}.aggregation": kind for block in blocks}
        return math.exp(log_error({**genes, **switched}, params, some=some))

    inside = [n for n in pool if effect.band is None or n[1] in effect.band]
    apart = [error(effect.other, *n) - error(effect.one, *n) for n in inside]
    return math.exp(NOISE**2 / 2) * float(np.mean(apart))


def on_made_trials(pool: list[Network], number: int, runs: int, *, some: bool) -> str:
    """Return a line on runs of so many trials."""
    bands = size_bands(min(params for _, params in pool), 50_000)
    known: dict[tuple[Any, ...], float] = {}
    misses = alarms = answered = established = 0
    for run in range(runs):
        rng = random.Random(run)
        records = [
            trial(
                i,
                *network,
                1 - math.exp(log_error(*network, some=some) + rng.gauss(0, NOISE)),
            )
            for i, network in enumerate(rng.sample(pool, number))
        ]
        missed = alarmed = False
        for effect in explain(records, bands, seed=run).effects:
            if effect.low is None or effect.high is None:
                continue
            key = (effect.block, effect.band, effect.one, effect.other)
            if key not in known:
                known[key] = truth(effect, pool, some=some)
            answered += 1
            established += effect.established
            missed |= not effect.low <= known[key] <= effect.high
            alarmed |= effect.established and abs(known[key]) < 1e-9
        misses += missed
        alarms += alarmed
    return (
        f"{number:6}  {'some' if some else 'none'}  {100 * misses / runs:5.0f} %  "
        f"{100 * alarms / runs:5.0f} %  {answered / runs:8.1f}  "
        f"{established / runs:11.2f}"
    )


def trained() -> list[TrialRecord]:
    """Return the trainings of the table's first seed as trials."""
    return [
        trial(
            i,
            {n: int(v) if v.isdigit() else v for n, v in row.genes.items()},
            row.params,
            row.curve[-1],
        )
        for i, row in enumerate(row for row in read() if row.seed == 0)
    ]


def on_real_trials(every: list[TrialRecord], number: int, runs: int) -> str:
    """Return a line on samples of so many of the table's trainings."""
    sizes = [record.params for record in every]
    bands = size_bands(min(sizes), max(sizes))
    whole = {
        (e.block, e.band, e.one, e.other): e.difference
        for e in explain(every, bands).effects
    }
    established = right = 0
    for run in range(runs):
        some = random.Random(run).sample(every, number)
        for effect in explain(some, bands, seed=run).effects:
            at_all = whole[effect.block, effect.band, effect.one, effect.other]
            if effect.established and at_all is not None:
                assert effect.difference is not None
                established += 1
                right += (effect.difference > 0) == (at_all > 0)
    share = f"{100 * right / established:.1f} %" if established else "-"
    return f"{number:6}  {established / runs:11.2f}  {share:>10}"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--trials", type=int, nargs="+", default=[24, 40, 80, 200])
    given = parser.parse_args()
    pool = drawn(POOL)
    print("Made trials\ntrials  genes    miss    alarm  answered  established")
    for some in (False, True):
        for number in given.trials:
            print(on_made_trials(pool, number, given.runs, some=some), flush=True)
    every = trained()
    print("\nTrainings of the digits\ntrials  established  right sign")
    for number in given.trials:
        print(on_real_trials(every, number, given.runs), flush=True)
    print(f"\nAll {len(every)} of them: {explain(every, ()).words}")


if __name__ == "__main__":
    main()
