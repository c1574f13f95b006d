"""What a page tells of, made of trials that nobody trained."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from math import log

from made_run import FACTS
from trial_records import SMALL, complete, failed

from nas.records import TrialRecord
from nas.report import summarize
from nas.report.bands import Band, size_bands
from nas.report.explanation import AggregationEffect, Explanation, Importance
from nas.report.hypervolume import Reference
from nas.report.page.data import PageData
from nas.search import SearchConfig

BUDGET = 50_000
NASTY = "<script>alert('x')</script> & \"$y$\" \N{GRINNING FACE}\n%{x}"
"""What a name may hold that comes from outside."""

AGGREGATIONS = ("sum", "concat", "hierarchical")
_BEGIN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def made_trials(number: int, seed: int = 0, blocks: int = 3) -> list[TrialRecord]:
    """Return trials of a space, one after another: some fail, one in three is random.

    Larger networks are more accurate, and those with a sum in block 1.
    """
    rng = random.Random(seed)
    at, found = _BEGIN, []
    for trial in range(number):
        genes: dict[str, int | float | str] = {}
        for block in range(1, blocks + 1):
            own = rng.choice(AGGREGATIONS)
            genes[f"block{block}.aggregation"] = own
            genes[f"block{block}.depth"] = rng.choice([1, 2, 3, 4])
            if own == "concat":
                genes[f"block{block}.concat.growth"] = rng.choice([0.25, 0.5])
        genes |= {"fusion": rng.choice(["last", "concat"]), "target": 1}
        params = round(1000 * 50 ** rng.random())
        gain = 0.02 * (genes["block1.aggregation"] == "sum")
        accuracy = 0.8 + 0.02 * log(params / 1000) + gain + rng.gauss(0, 0.005)
        seconds = 5 + rng.random()
        at += timedelta(seconds=seconds)
        fields = {
            "architecture": replace(SMALL, genes=genes),
            "seconds": seconds,
            "finished": at.replace(microsecond=0).isoformat(),
            "arm": "random" if trial % 3 == 2 else "search",
        }
        if rng.random() < 0.1:
            found.append(
                failed(
                    trial, params=params, reason="diverged", **(fields | {"curve": ()})
                )
            )
        else:
            fields["curve"] = (accuracy / 2, accuracy * 0.9, accuracy)
            found.append(complete(trial, params, accuracy, **fields))
    return found


def made_page(
    records: list[TrialRecord], explanation: Explanation | None = None, name: str = "r"
) -> PageData:
    """Return what a page tells of some trials."""
    reference = Reference(accuracy=0.5, most=2 * BUDGET, name="for the test")
    return PageData(
        name=name,
        summary=summarize(records, reference, {}, None),
        facts=FACTS,
        config=SearchConfig(max_params=BUDGET).to_json(),
        explanation=explanation,
    )


def made_explanation(
    blocks: int = 3, names: tuple[str, ...] = AGGREGATIONS
) -> Explanation:
    """Return an explanation in which one comparison in five has too few trials."""
    rng = random.Random(0)
    bands = size_bands(1000, BUDGET)
    effects = [
        effect(one, other, block, band, rng)
        for band in (None, *bands)
        for block in (None, *range(1, blocks + 1))
        for one, other in combinations(names, 2)
    ]
    genes = ["block1.aggregation", "fusion", *(f"block{i}.depth" for i in (1, 2, 3))]
    return Explanation(
        trials=100,
        method="A method.",
        importances=tuple(
            Importance(gene=g, value=v, low=v - 0.1, high=v + 0.2, trials=100)
            for g, v in zip(genes, (0.4, 0.2, 0.1, 0.05, 0.01), strict=True)
        ),
        effects=tuple(effects),
        bands=bands,
        words="Sum is better.",
        notes=("A reservation.",),
    )


def effect(
    one: str, other: str, block: int | None, band: Band | None, rng: random.Random
) -> AggregationEffect:
    """Return some difference, or that there are too few trials to say."""
    value, half = rng.gauss(0, 0.01), 0.008
    few = rng.random() < 0.2
    return AggregationEffect(
        block=block,
        band=band,
        one=one,
        other=other,
        difference=None if few else value,
        low=None if few else value - half,
        high=None if few else value + half,
        trials_one=1 if few else 20,
        trials_other=30,
    )
