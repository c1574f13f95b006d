"""Finished trials with genes whose true effects are known, made without training."""

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from trial_records import SMALL, complete

from nas.records import TrialRecord

KINDS = ("sum", "concat", "hierarchical")


def genes_of(rng: random.Random, blocks: int = 3) -> dict[str, Any]:
    """Return genes as a space has them, some in use only with others."""
    genes: dict[str, Any] = {}
    for block in range(1, blocks + 1):
        place = f"block{block}"
        genes[f"{place}.aggregation"] = kind = rng.choice(KINDS)
        genes[f"{place}.unit"] = rng.choice(["basic", "separable", "bottleneck"])
        if kind == "concat":
            genes[f"{place}.concat.growth"] = rng.choice([0.25, 0.5])
        if kind != "hierarchical":
            genes[f"{place}.depth"] = rng.choice([1, 2, 3, 4])
    return genes


def made(
    number: int,
    effect: Callable[[Mapping[str, Any]], float] = lambda _: 0.0,
    *,
    slope: float = -0.5,
    noise: float = 0.2,
    seed: int = 0,
    blocks: int = 3,
) -> list[TrialRecord]:
    """Return trials from 1,000 to 50,000 parameters.

    Args:
        number: of trials.
        effect: of the genes, in log error. One of them, ``proxy``, is as large as the
            network, but for a little.
        slope: of the log error over the log of size.
        noise: standard deviation of the log error.
        seed: of everything that is drawn.
        blocks: of the networks.
    """
    rng = random.Random(seed)
    records = []
    for trial in range(number):
        log_size = rng.uniform(math.log(1000), math.log(50_000))
        genes = genes_of(rng, blocks)
        genes["proxy"] = round(4 * (log_size + rng.gauss(0, 0.1)))
        error = -2.5 + slope * (log_size - 9) + effect(genes) + rng.gauss(0, noise)
        records.append(
            complete(
                trial,
                round(math.exp(log_size)),
                1 - min(math.exp(error), 0.9),
                architecture=replace(SMALL, genes=genes),
            )
        )
    return records
