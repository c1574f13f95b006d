"""Mean differences between aggregations at equal size, with intervals that hold.

The log error of trials is modelled as a smooth curve over the log of size, plus a level
for each aggregation at one position, plus effects of all other genes, which are in the
way (`nas.report.mixed`). A difference is that of two levels, brought back to accuracy
at the mean error of the trials that it is about. In a band of size every aggregation
has a level of its own. For all positions together every one of them has levels of its
own, and their differences are added up: it is that between networks with the one
aggregation everywhere and such with the other. (A slope on the share of positions would
ask for fewer numbers, but takes positions to be alike: where they are not, and a search
has tried some more than others, its intervals miss.)

Intervals are by the wild bootstrap (Wu 1986): what the model leaves of each trial comes
back with random signs, and everything is estimated again. The largest of the
studentised differences tells how wide intervals must be to hold all at once (Romano and
Wolf 2005): in 95 of 100 runs not one interval of the whole table misses its difference.
Differences over all sizes and those in a band take half of what may go wrong each, so
that the many of bands do not widen the few that matter most.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from nas.arch import Gene
from nas.records import TrialRecord
from nas.report.aggregation_levels import (
    Blocks,
    Parts,
    between,
    contrast,
    fewest,
    levels,
)
from nas.report.bands import Band
from nas.report.explanation import AggregationEffect
from nas.report.gene_columns import (
    Matrix,
    gene_values,
    joined,
    log_errors,
    size_columns,
)
from nas.report.mixed import fit

LEAST_EACH: Final = 5
"""Trials with each of two aggregations, below which nothing is said of them."""

_VAGUE: Final = 0.5
"""Standard error of a difference of log errors, above which it says nothing."""

MISSES: Final = 0.05
"""How often one interval or more of the whole table may miss."""

_DRAWS: Final = 599
_MOST_NUMBERS: Final = 2_000_000
"""In a matrix of all draws of all trials; with more trials there are fewer draws."""

_FEWEST_DRAWS: Final = 199
_FOUR_OF_FIVE: Final = 0.84
"""Standard errors that four of five normal numbers do not fall below their mean by."""

_ORDER: Final = ("sum", "concat", "hierarchical")
_GENE: Final = re.compile(r"block(\d+)\.aggregation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which two aggregations are compared where, and by how many trials.

    For all positions that is how many have the aggregation at the position where fewest
    have it.
    """

    block: int | None
    band: Band | None
    one: str
    other: str
    trials_one: int
    trials_other: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """A difference of log errors, with what it takes to bring it back to accuracy.

    ``error`` is its standard error, ``level`` the mean error of the trials that it is
    about, and ``off`` (B,) how far the bootstrap's answers are off, in their own
    standard errors.
    """

    difference: float
    error: float
    level: float
    off: Matrix

    def accuracy(self, logs: float) -> float:
        """Return the difference of accuracies that one of log errors comes to."""
        apart = -2 * self.level * math.sinh(max(-20.0, min(logs, 20.0)) / 2)
        return max(-1.0, min(apart, 1.0))


def positions(records: Sequence[TrialRecord]) -> dict[int, list[Gene | None]]:
    """Return the aggregations of each block whose aggregation differs among trials."""
    found = {}
    for name, values in gene_values(records).items():
        if match := _GENE.fullmatch(name):
            found[int(match[1])] = values
    return dict(sorted(found.items()))


def kinds(values: Iterable[Gene | None]) -> tuple[str, ...]:
    """Return different aggregations: the built-in ones first, the simplest ahead."""
    different = {str(value) for value in values if value is not None}
    known = [kind for kind in _ORDER if kind in different]
    return (*known, *sorted(different.difference(known)))


def ask(
    records: Sequence[TrialRecord], bands: Sequence[Band], seed: int = 0
) -> dict[Question, Answer | None]:
    """Return all differences between aggregations, None where trials are too few.

    Those of all positions come first, where there are several.

    Args:
        records: complete trials of one run that have genes.
        bands: of size; differences come for all sizes, then for each of these.
        seed: of the bootstrap.
    """
    number, where = len(records), positions(records)
    if not where:
        return {}
    genes = gene_values(records)
    params = [record.params for record in records]
    rng = np.random.default_rng(seed)
    num_draws = max(_FEWEST_DRAWS, min(_DRAWS, _MOST_NUMBERS // number))
    signs = rng.choice([-1.0, 1.0], (num_draws, number))
    all_sizes: Parts = {None: np.ones(number)}
    by_band: Parts = {
        band: np.array([float(size in band) for size in params]) for band in bands
    }
    found: dict[Question, Answer | None] = {}
    for parts in (all_sizes, by_band):
        for block in (*([None] if len(where) > 1 else []), *where):
            own = where if block is None else {block: where[block]}
            model = _Model(
                blocks=own,
                parts=parts,
                errors=log_errors(records),
                sizes=size_columns(records),
                others=joined(
                    {
                        name: values
                        for name, values in genes.items()
                        if name not in {f"block{one}.aggregation" for one in own}
                    },
                    number,
                ),
            )
            draws = rng.standard_normal((num_draws, model.others.shape[1]))
            found.update(model.answers(block, signs, draws))
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Model:
    """The model of one position, or of all, with its levels in each part of the trials.

    Args:
        blocks: one or all of them.
        parts: of the trials.
        errors: (N,) log errors.
        sizes: (N, any number) columns.
        others: (N, P), of the genes that are in the way.
    """

    blocks: Blocks
    parts: Parts
    errors: Matrix
    sizes: Matrix
    others: Matrix

    def answers(
        self, block: int | None, signs: Matrix, draws: Matrix
    ) -> Iterator[tuple[Question, Answer | None]]:
        """Yield the differences at a position.

        Args:
            block: the position, None for all.
            signs: (B, N), random.
            draws: (B, P), standard normal.
        """
        columns = levels(self.blocks, self.parts)
        every = kinds(value for values in self.blocks.values() for value in values)
        asked = [
            Question(
                block=block,
                band=band,
                one=one,
                other=other,
                trials_one=fewest(self.blocks, part, one),
                trials_other=fewest(self.blocks, part, other),
            )
            for band, part in self.parts.items()
            for other, one in combinations(every, 2)
        ]
        fixed = np.stack([*columns.values(), *self.sizes.T], axis=1)
        own = len(columns)
        has_kind = np.array([level.block is not None for level in columns], float)
        enough = len(self.errors) > fixed.shape[1] + 2 and np.ptp(self.errors) > 0
        model = fit(self.errors, fixed, self.others) if enough else None
        if model is None or not model.variance:
            yield from ((question, None) for question in asked)
            return
        deviation = math.sqrt(model.ratio * model.variance)
        noise = signs * np.sqrt(model.variances) + deviation * draws @ self.others.T
        variances = model.variances_of(noise)
        smear = float(np.exp(self.errors - model.fitted).mean())
        for question in asked:
            if min(question.trials_one, question.trials_other) < LEAST_EACH:
                yield question, None
                continue
            part = self.parts[question.band]
            pair = question.band, question.one, question.other
            apart = contrast(columns, *pair)
            weights = apart @ model.weights[:own]
            if not np.allclose(weights @ fixed[:, :own], apart, atol=1e-4):
                # The trials cannot tell these two from other aggregations elsewhere.
                yield question, None
                continue
            in_the_way = deviation**2 * float(((weights @ self.others) ** 2).sum())
            error = math.sqrt(float(weights**2 @ model.variances) + in_the_way)
            if error > _VAGUE:
                yield question, None
                continue
            errors = np.sqrt(variances @ weights**2 + in_the_way)
            # Half way between the two, with all else as it is.
            rest = model.fitted - fixed[:, :own] @ (has_kind * model.sought[:own])
            middle = between(columns, *pair) @ model.sought[:own]
            level = smear * float(np.exp(rest[part > 0] + middle).mean())
            yield (
                question,
                Answer(
                    difference=float(apart @ model.sought[:own]),
                    error=error,
                    level=level,
                    off=(noise @ weights) / np.maximum(errors, 1e-12),
                ),
            )


def reach(answers: Iterable[Answer | None]) -> float:
    """Return how many standard errors wide intervals must be to hold together."""
    every = [np.abs(answer.off) for answer in answers if answer is not None]
    if not every:
        return math.inf
    return float(np.quantile(np.max(every, axis=0), 1 - MISSES / 2))


def settle(found: Mapping[Question, Answer | None]) -> tuple[AggregationEffect, ...]:
    """Return the differences with intervals that hold together."""
    wide = _reaches(found)
    return tuple(
        _effect(question, answer, wide[question.band is None])
        for question, answer in found.items()
    )


def longer(
    found: Mapping[Question, Answer | None], effects: Iterable[AggregationEffect]
) -> dict[AggregationEffect, float]:
    """Return how many times as many trials would establish differences.

    That is in four of five runs, if they are what they look like.

    Args:
        found: the differences.
        effects: they as ``settle`` returned them.
    """
    wide = _reaches(found)
    return {
        effect: (
            (wide[question.band is None] + _FOUR_OF_FIVE)
            * answer.error
            / max(abs(answer.difference), 1e-6)
        )
        ** 2
        for (question, answer), effect in zip(found.items(), effects, strict=True)
        if answer is not None
    }


def _reaches(found: Mapping[Question, Answer | None]) -> dict[bool, float]:
    """Return the widths for differences over all sizes (True) and in bands."""
    return {
        over_all: reach(a for q, a in found.items() if (q.band is None) == over_all)
        for over_all in (True, False)
    }


def _effect(
    question: Question, answer: Answer | None, width: float
) -> AggregationEffect:
    difference = low = high = None
    if answer is not None:
        difference = answer.accuracy(answer.difference)
        # More errors are less accuracy.
        low = answer.accuracy(answer.difference + width * answer.error)
        high = answer.accuracy(answer.difference - width * answer.error)
    return AggregationEffect(
        block=question.block,
        band=question.band,
        one=question.one,
        other=question.other,
        difference=difference,
        low=low,
        high=high,
        trials_one=question.trials_one,
        trials_other=question.trials_other,
    )
