"""Which learning-rate schedule tells early what a training will come to.

Trains the same networks of the default space on the digits, once under each schedule,
and compares the validation accuracy after the epochs of the rungs with that after the
last one: Kendall's tau over all networks, and its mean over three bands of size, which
is what successive halving goes by. The mean final accuracy stands beside it: a schedule
that tells early but trains worse is no gain.

    python benchmarks/rung_schedules.py --networks 60

Schedules: the recipe's own two, and ``hold`` (up over 5%, constant until 60%, then
straight down; after Hu et al. 2024, "MiniCPM", and Hagele et al. 2024) and ``early``
(one cycle whose peak is at a tenth).
"""

import argparse
import random
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.stats import kendalltau

from nas.data import load
from nas.nn.cost import num_params
from nas.records import EvalRequest, Recipe
from nas.space import BoundSpace, SearchSpace
from nas.train import schedules
from nas.train.evaluate import Evaluator

BANDS = 3


def hold(progress: float) -> float:
    """Warm up, stay, go down."""
    return min(progress / 0.05, 1.0, (1 - progress) / 0.4)


def early(progress: float) -> float:
    """Peak at a tenth, then down as half a cosine."""
    if progress < 0.1:
        return 1 / 25 + 24 / 25 * progress / 0.1
    return 0.5 * (1 + float(np.cos(np.pi * (progress - 0.1) / 0.9)))


SCHEDULES = schedules.SCHEDULES | {"hold": hold, "early": early}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", type=int, default=60)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--rungs", type=int, nargs="+", default=[1, 2, 5])
    parser.add_argument("--max-params", type=int, default=50_000)
    parser.add_argument("--schedules", nargs="+", default=list(SCHEDULES))
    args = parser.parse_args()
    data = load("digits").for_search()
    space = BoundSpace(
        space=SearchSpace.load("default"),
        input_shape=data.input_shape,
        num_classes=data.num_classes,
        max_params=args.max_params,
    )
    rng = random.Random(0)
    networks = [space.sample(rng) for _ in range(args.networks)]
    sizes = np.array([num_params(network) for network in networks])
    evaluate = Evaluator(data, "cpu")
    wanted: dict[str, list[tuple[float, ...]]] = {name: [] for name in args.schedules}
    with tempfile.TemporaryDirectory() as folder:
        for number, network in enumerate(networks):
            for name, curves in wanted.items():
                # The recipe knows two names; the schedule is looked up under one.
                schedules.SCHEDULES["cosine"] = SCHEDULES[name]
                recipe = Recipe(
                    epochs=args.epochs, schedule="cosine", precision="float32"
                )
                result = evaluate(
                    EvalRequest(
                        trial=number,
                        architecture=network,
                        recipe=recipe,
                        seed=number,
                        folder=str(Path(folder) / name / str(number)),
                    )
                )
                if result.status != "complete":
                    print(f"{name}, network {number}: {result.error}")
                    curves.append((0.0,) * args.epochs)
                else:
                    curves.append(result.curve)
            if (number + 1) % 10 == 0 and number + 1 < len(networks):
                print(f"\nafter {number + 1} networks\n")
                report(wanted, sizes[: number + 1], args.rungs)
    report(wanted, sizes, args.rungs)
    return 0


def report(
    wanted: dict[str, list[tuple[float, ...]]], sizes: np.ndarray, rungs: list[int]
) -> None:
    bands = np.array_split(np.argsort(sizes), BANDS)
    print("| schedule | mean final accuracy |", end="")
    print(*[f" tau after {rung} | within bands |" for rung in rungs], sep="")
    print("|---|---|" + "---|---|" * len(rungs))
    for name, curves in wanted.items():
        table = np.array(curves)
        final = table[:, -1]
        cells = [f"{100 * final.mean():.2f}"]
        for rung in rungs:
            at = table[:, rung - 1]
            within = [kendalltau(at[band], final[band]).statistic for band in bands]
            cells.append(f"{kendalltau(at, final).statistic:.2f}")
            cells.append(f"{statistics.mean(map(float, within)):.2f}")
        print(f"| {name} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    sys.exit(main())
