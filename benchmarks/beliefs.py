"""How right the beliefs about a front are that a search leaves behind.

Searches are simulated on tables whose true accuracies are known. Observed log errors
are off by --noise (standard deviation). After so many trials the model is asked what it
believes of all of them, and this is compared with the truth:

- noise: its estimate, over the true one (the median over seeds);
- covered: how many of the 95 % intervals hold the true accuracy, of all trials and of
  those on the observed front, whose results were chosen for being high;
- error: the mean distance from the truth of what is believed, over that of what was
  observed, in log error, on the observed front;
- on front: of the trials that it gives 80 % or more, and 20 to 80 %, how many really
  are on the front of what was trained;
- told: of the pairs that it tells apart at 95 %, how many really are in that order.

With --repeats K each trial of the observed front has K - 1 further results. Nothing is
trained.

    python benchmarks/beliefs.py --table PATH/nasbench201_small.csv --seeds 10
"""

import argparse
import json
import math
import random
import statistics
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
from strategies import Problem, made, problems

from nas.noise import Repeat
from nas.records import TrialRecord
from nas.report import pareto_front
from nas.search.beliefs import believe

AT = (12, 24, 50, 100, 200)


@dataclass
class Score:
    """What is counted over all seeds."""

    noise: list[float] = field(default_factory=list)
    covered: list[bool] = field(default_factory=list)
    covered_front: list[bool] = field(default_factory=list)
    believed: list[float] = field(default_factory=list)
    observed: list[float] = field(default_factory=list)
    sure: list[bool] = field(default_factory=list)
    unsure: list[bool] = field(default_factory=list)
    told: list[bool] = field(default_factory=list)


def searched(
    problem: Problem, sampler: str, seed: int, trials: int, noise: float
) -> tuple[list[TrialRecord], list[float]]:
    """Run a search; return its trials as observed, and their true log errors."""
    rng = random.Random(seed)
    study = optuna.create_study(
        directions=["maximize", "minimize"], sampler=made(sampler, problem, seed)
    )
    records, truth, seen = [], [], set()
    while len(records) < trials:
        trial, params = problem.ask(study)
        true = math.log(max(1 - problem.accuracy_of(params) / 100, 1e-4))
        accuracy = 1 - min(math.exp(true + rng.gauss(0, noise)), 1.0)
        study.tell(trial, [100 * accuracy, problem.size_of(params)])
        key = json.dumps(params, sort_keys=True)
        if key not in seen:
            seen.add(key)
            number = len(records)
            size = round(problem.size_of(params))
            records.append(record(number, key, params, size, accuracy))
            truth.append(true)
    return records, truth


def record(
    number: int, key: str, params: dict[str, Any], size: int, accuracy: float
) -> TrialRecord:
    """Return a trial that has genes and no architecture."""
    facts = {"trial": number, "params": size, "accuracy": accuracy}
    rest = {"status": "complete", "curve": (), "seconds": 0.0}
    return TrialRecord.stored(facts | rest, key, json.dumps({"genes": params}))


def again(trial: int, number: int, accuracy: float) -> Repeat:
    """Return a repeat."""
    return Repeat(
        trial=trial,
        number=number,
        status="complete",
        seconds=0.0,
        accuracy=accuracy,
        loss=None,
        curve=(),
        seed=0,
        device="",
        error=None,
        reason=None,
        batch_size=None,
        finished="",
    )


def judge(
    problem: Problem,
    records: list[TrialRecord],
    truth: list[float],
    noise: float,
    trainings: int,
    rng: random.Random,
    score: Score,
) -> None:
    """Add what is believed of some trials, compared with the truth, to a score."""
    front = [r.trial for r in pareto_front(records)]
    repeats = {
        trial: [
            again(trial, n, 1 - min(math.exp(truth[trial] + rng.gauss(0, noise)), 1))
            for n in range(2, trainings + 1)
        ]
        for trial in front
    }
    found = believe(problem.search_space, records, repeats)
    if found is None:
        return
    score.noise.append(found.noise / noise)
    by_size = sorted(records, key=lambda r: (r.params, truth[r.trial]))
    best, true_front = math.inf, set()
    for one in by_size:
        if truth[one.trial] < best:
            best = truth[one.trial]
            true_front.add(one.trial)
    for belief in found.beliefs:
        trial = belief.trial
        inside = belief.low <= 1 - math.exp(truth[trial]) <= belief.high
        score.covered.append(inside)
        if trial in front:
            score.covered_front.append(inside)
            off = math.log(max(1 - belief.accuracy, 1e-6)) - truth[trial]
            score.believed.append(abs(off))
            seen = math.log(max(1 - (records[trial].accuracy or 0), 1e-6))
            score.observed.append(abs(seen - truth[trial]))
        if belief.on_front >= 0.8:
            score.sure.append(trial in true_front)
        elif belief.on_front >= 0.2:
            score.unsure.append(trial in true_front)
    for larger, smaller, probability in found.ahead:
        if probability >= 0.95:
            score.told.append(truth[larger] < truth[smaller])


def share(found: list[bool]) -> str:
    """Return a share in percent, and of how many."""
    return f"{100 * statistics.mean(found):.0f} ({len(found)})" if found else "-"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", type=Path)
    parser.add_argument("--problems", nargs="+")
    parser.add_argument("--sampler", default="size-aware")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--noise", type=float, default=0.05)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--at", type=int, nargs="+", default=AT)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for problem in problems(args.table, args.problems):
        print(
            f"\n### {problem.name}, {args.sampler}, {args.seeds} seeds, "
            f"noise {args.noise}, {args.repeats} training(s)\n"
        )
        print(
            "| trials | noise | covered | covered, front | error "
            "| >= 80 % on front | 20-80 % | told |"
        )
        print("|---|---|---|---|---|---|---|---|")
        runs = [
            searched(problem, args.sampler, seed, max(args.at), args.noise)
            for seed in range(args.seeds)
        ]
        for n in args.at:
            score = Score()
            for seed, (records, truth) in enumerate(runs):
                judge(
                    problem,
                    records[:n],
                    truth,
                    args.noise,
                    args.repeats,
                    random.Random(seed),
                    score,
                )
            error = statistics.mean(score.believed) / statistics.mean(score.observed)
            print(
                f"| {n} | {statistics.median(score.noise):.2f} "
                f"| {share(score.covered)} | {share(score.covered_front)} "
                f"| {error:.2f} | {share(score.sure)} | {share(score.unsure)} "
                f"| {share(score.told)} |",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
