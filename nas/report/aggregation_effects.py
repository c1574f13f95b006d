"""Mean differences between aggregations at equal size, with intervals that hold.

The log error of trials is modelled as a smooth curve over the log of size, plus a level
for each aggregation at one position, plus effects of all other genes, which are in the
way (`nas.report.mixed`). A difference is that of two levels, brought back to accuracy
at the mean error of the trials that it is about. In a band of size every aggregation
has a level of its own. For all positions together the levels are those of networks
that have one aggregation everywhere: effects of positions are added up.

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


Parts = Mapping[Band | None, Matrix]
"""Whether each trial (N,) is in a band, 1 or 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which two aggregations are compared where, and by how many trials."""

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
        for block in (None, *where):
            own = [block] if block is not None else list(where)
            model = _Model(
                shares=_shares([where[one] for one in own]),
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


def _shares(where: Sequence[Sequence[Gene | None]]) -> dict[str, Matrix]:
    """Return the part of some blocks that has each aggregation, (N,)."""
    every = kinds(value for values in where for value in values)
    has = {kind: [[v == kind for v in values] for values in where] for kind in every}
    return {
        kind: np.array(rows, float).sum(axis=0) / len(where)
        for kind, rows in has.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Model:
    """The model of one position, or of all, with its levels in each part of the trials.

    Args:
        shares: (N,) for each aggregation, of the blocks that have it.
        parts: of the trials.
        errors: (N,) log errors.
        sizes: (N, any number) columns.
        others: (N, P), of the genes that are in the way.
    """

    shares: Mapping[str, Matrix]
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
        levels = {
            (band, kind): share * part
            for band, part in self.parts.items()
            for kind, share in self.shares.items()
            if (share * part).any()
        }
        asked = [
            Question(
                block=block,
                band=band,
                one=one,
                other=other,
                trials_one=int((self.shares[one] * part > 0).sum()),
                trials_other=int((self.shares[other] * part > 0).sum()),
            )
            for band, part in self.parts.items()
            for other, one in combinations(self.shares, 2)
        ]
        places = list(levels)
        fixed = np.stack([*levels.values(), *self.sizes.T], axis=1)
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
            one, other = (
                places.index((question.band, kind))
                for kind in (question.one, question.other)
            )
            weights = model.weights[one] - model.weights[other]
            in_the_way = deviation**2 * float(((weights @ self.others) ** 2).sum())
            error = math.sqrt(float(weights**2 @ model.variances) + in_the_way)
            if error > _VAGUE:
                yield question, None
                continue
            errors = np.sqrt(variances @ weights**2 + in_the_way)
            # Half way between the two, with all else as it is.
            own = [i for i, (band, _) in enumerate(places) if band == question.band]
            rest = model.fitted - fixed[:, own] @ model.sought[own]
            middle = (model.sought[one] + model.sought[other]) / 2
            level = smear * float(np.exp(rest[part > 0] + middle).mean())
            yield (
                question,
                Answer(
                    difference=float(model.sought[one] - model.sought[other]),
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
