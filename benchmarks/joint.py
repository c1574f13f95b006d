"""How fast each sampler finds good pairs of architecture and recipe.

Searches the shipped space ``joint`` for digits, up to 30,000 parameters, with a made-up
accuracy in the place of trainings. Its log error falls with size and concatenation, and
rises with basic units, with the distance of learning rate, weight decay and label
smoothing from their best values, and with the strongest augmentation; 3% of noise come
on top. Sizes are real.

Prints, after 12, 24 and 48 trials, the error of the most accurate network up to a size,
as its geometric mean over all sizes, even in their logarithm: means over seeds with
standard errors. Nothing is trained.

    python benchmarks/joint.py --seeds 5
"""

import argparse
import math
import random
import statistics
from datetime import UTC, datetime

from nas.arch import Architecture
from nas.nn.cost import cost
from nas.records import Recipe, TrialRecord
from nas.search.study import Proposer
from nas.space import BoundSpace, SearchSpace

AT = (12, 24, 48)
SAMPLERS = ("random", "tpe", "local", "evolution", "size-aware")
MAX_PARAMS = 30_000
WORST = 0.9
STEPS = 200


def log_error(architecture: Architecture, params: int, rng: random.Random) -> float:
    recipe = Recipe().with_genes(architecture.genes)
    blocks = architecture.blocks
    off = -0.36 * math.log(params / 650)
    off += 0.2 * sum(block.aggregation.kind != "concat" for block in blocks)
    off += 0.12 * sum(block.unit.kind == "basic" for block in blocks)
    off += 0.28 * abs(math.log(recipe.lr / 0.3))
    off += 0.08 * abs(math.log(recipe.weight_decay / 3e-4))
    off += 0.4 * abs(recipe.label_smoothing - 0.05)
    off += 0.16 * (recipe.augment == "standard")
    return min(math.log(WORST), math.log(0.12) + off + rng.gauss(0, 0.03))


def mean_error(reached: list[tuple[int, float]], smallest: int) -> float:
    """Return the geometric mean over sizes of the least error up to each.

    Args:
        reached: pairs of size and log error.
        smallest: where sizes begin.
    """
    span = math.log(MAX_PARAMS / smallest)
    total = 0.0
    for step in range(STEPS):
        size = smallest * math.exp(span * (step + 0.5) / STEPS)
        found = [error for params, error in reached if params <= size]
        total += min(found, default=math.log(WORST))
    return math.exp(total / STEPS)


def search(space: BoundSpace, sampler: str, seed: int) -> list[float]:
    """Return the mean error after each number of trials in ``AT``."""
    proposer, rng = Proposer(space, sampler, seed), random.Random(seed)
    reached: list[tuple[int, float]] = []
    errors = []
    for trial in range(AT[-1]):
        architecture = proposer.propose()
        assert architecture is not None  # rates have no end
        total = cost(architecture).total
        error = log_error(architecture, total.params, rng)
        reached.append((total.params, error))
        record = TrialRecord(
            trial=trial,
            architecture=architecture,
            params=total.params,
            macs=total.macs,
            status="complete",
            seconds=0.0,
            accuracy=1 - math.exp(error),
            loss=None,
            curve=(),
            seed=seed,
            device="",
            error=None,
            finished=datetime.now(UTC).isoformat(),
        )
        proposer.tell(record)
        if trial + 1 in AT:
            errors.append(mean_error(reached, space.min_params))
    return errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--samplers", nargs="+", default=SAMPLERS)
    args = parser.parse_args()
    space = BoundSpace(
        space=SearchSpace.load("joint"),
        input_shape=(1, 8, 8),
        num_classes=10,
        max_params=MAX_PARAMS,
    )
    print("| sampler |", " | ".join(map(str, AT)), "|")
    print("|---|" + "---|" * len(AT))
    for sampler in args.samplers:
        courses = [search(space, sampler, seed) for seed in range(args.seeds)]
        cells = []
        for errors in zip(*courses, strict=True):
            spread = statistics.stdev(errors) if len(errors) > 1 else 0.0
            off = 100 * spread / math.sqrt(len(errors))
            cells.append(f"{100 * statistics.mean(errors):.1f} ± {off:.1f}")
        print(f"| {sampler} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
