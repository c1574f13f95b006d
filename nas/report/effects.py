"""How much of what trials reached goes by their recipe, their architecture, their size.

A random forest predicts each trial from trees that have not seen it (out of bag;
Breiman 2001), once for every set of the three groups of inputs. What a set explains is
the part of the variance of the log error that its predictions take away; where they are
worse than the mean of all trials, that stands in for them. A group's share is its
Shapley value: what it adds, averaged over all orders of adding groups (Lundberg and Lee
2017). So shares sum to what all inputs together explain, and what two groups both know,
as where a kind of block makes networks larger, is halved.

Intervals come from drawing trials again among those there are; forests stay as they
are, so the intervals are rather too short.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nas.arch import Gene
from nas.records import RECIPE_GENES, TrialRecord
from nas.report.front import has_accuracy

LEAST: Final = 20
"""Trials, below which nothing is said."""

FEW: Final = 60
"""Trials, below which shares are to be taken as rough."""

GROUPS: Final = ("recipe", "architecture", "size")

_TREES: Final = 150
_MOST: Final = 1000
"""Trials that forests are grown from; of more of them some are drawn."""

_DRAWS: Final = 400
_TARGET: Final = "target"
_PERFECT: Final = 1.001
"""Errors are counted from here, so that the log of no error is finite."""

Columns = NDArray[np.float64]
Sets = dict[frozenset[str], Columns]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of the variance, and the ends of its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Shares of the variance of the log error among some trials.

    Args:
        trials: how many it was found from.
        groups: the shares of recipe, architecture and size.
        explained: their sum.
        recipe: for each searched field of the recipe, what is lost where a forest of
            all inputs has to do without it.
    """

    trials: int
    groups: Mapping[str, Share]
    explained: Share
    recipe: Mapping[str, Share]

    def to_json(self) -> dict[str, Any]:
        """Return the effects as plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Effects":
        """Return the effects that ``to_json`` wrote."""
        return cls(
            trials=data["trials"],
            groups={name: Share(**share) for name, share in data["groups"].items()},
            explained=Share(**data["explained"]),
            recipe={name: Share(**share) for name, share in data["recipe"].items()},
        )


def effects(records: Iterable[TrialRecord], seed: int = 0) -> Effects | None:
    """Return the shares among the complete trials.

    Args:
        records: of one run, whose trials have genes; failed ones are left out.
        seed: of the forests and of what is drawn.

    Returns:
        None where trials are too few, or have recipes that do not differ.
    """
    rng = np.random.default_rng(seed)
    complete = [record for record in records if has_accuracy(record) and record.genes]
    if len(complete) > _MOST:
        some = sorted(rng.choice(len(complete), _MOST, replace=False))
        complete = [complete[i] for i in some]
    errors = np.array([math.log(_PERFECT - (r.accuracy or 0.0)) for r in complete])
    fields = _fields(complete)
    if len(complete) < LEAST or not fields or not errors.std():
        return None
    inputs = {"recipe": np.concatenate(list(fields.values()), axis=1)}
    inputs["architecture"] = _architecture(complete)
    inputs["size"] = np.log([[record.params] for record in complete])
    residuals: Sets = {frozenset(): (errors - errors.mean()) ** 2}
    for count in range(1, len(GROUPS) + 1):
        for names in combinations(GROUPS, count):
            given = [inputs[name] for name in names]
            residuals[frozenset(names)] = _residuals(given, errors, seed)
    rest = [inputs["architecture"], inputs["size"]]
    without = {
        name: _residuals(
            [*rest, *(fields[other] for other in fields if other != name)], errors, seed
        )
        for name in fields
    }
    drawn = rng.integers(len(errors), size=(_DRAWS, len(errors)))
    everything = frozenset(GROUPS)

    def share(gain: Columns, weight: float = 1.0) -> Share:
        """Return the variance that is gained, as a part of all, with its interval."""
        spread = residuals[frozenset()]
        value = weight * gain.sum() / spread.sum()
        again = weight * gain[drawn].sum(axis=1) / spread[drawn].sum(axis=1)
        low, high = np.quantile(again, [0.05, 0.95])
        return Share(value=float(value), low=float(low), high=float(high))

    return Effects(
        trials=len(complete),
        groups={name: share(_shapley(name, residuals)) for name in GROUPS},
        explained=share(residuals[frozenset()] - residuals[everything]),
        recipe={
            name: share(lost - residuals[everything]) for name, lost in without.items()
        },
    )


def _shapley(name: str, residuals: Sets) -> Columns:
    """Return how much less a trial is off with a group, averaged over all orders."""
    others = [other for other in GROUPS if other != name]
    gain: Columns = np.zeros(len(residuals[frozenset()]))
    for count in range(len(others) + 1):
        for before in combinations(others, count):
            orders = math.factorial(count) * math.factorial(len(others) - count)
            weight = orders / math.factorial(len(GROUPS))
            known = residuals[frozenset(before)] - residuals[frozenset((*before, name))]
            gain += weight * known
    return gain


def _residuals(inputs: Sequence[Columns], errors: Columns, seed: int) -> Columns:
    """Return the squared residuals (N,) of what forests say about trials unseen."""
    from sklearn.ensemble import RandomForestRegressor

    mean: Columns = (errors - errors.mean()) ** 2
    columns = np.concatenate(inputs, axis=1)
    if not columns.shape[1]:
        return mean
    forest = RandomForestRegressor(
        _TREES, min_samples_leaf=2, max_features=1.0, oob_score=True, random_state=seed
    )
    forest.fit(columns, errors)
    residuals: Columns = (errors - forest.oob_prediction_) ** 2
    return residuals if residuals.sum() < mean.sum() else mean


def _fields(records: Sequence[TrialRecord]) -> dict[str, Columns]:
    """Return the columns of each field of the recipe that differs among trials."""
    recipes = [record.recipe for record in records]
    names = dict.fromkeys(name for recipe in recipes for name in recipe)
    found = {name: _columns([r.get(name) for r in recipes]) for name in names}
    return {name: columns for name, columns in found.items() if columns.shape[1]}


def _architecture(records: Sequence[TrialRecord]) -> Columns:
    """Return the columns of all genes but the recipe's and the size asked for."""
    chosen = [record.genes or {} for record in records]
    names = dict.fromkeys(
        name
        for genes in chosen
        for name in genes
        if name != _TARGET and not name.startswith(RECIPE_GENES)
    )
    columns = [_columns([genes.get(name) for genes in chosen]) for name in names]
    return np.concatenate([np.zeros((len(records), 0)), *columns], axis=1)


def _columns(values: Sequence[Gene | None]) -> Columns:
    """Return a gene (None where it is not in use) as columns (N, any number).

    Numbers become their ranks, other values a column each; what is the same for all
    trials has none.
    """
    different = list(dict.fromkeys(values))
    if len(different) < 2:
        return np.zeros((len(values), 0))
    if all(v is None or type(v) in (int, float) for v in different):
        # What is absent comes ahead of every number.
        numbers = [-math.inf if v is None else float(v) for v in values]
        return np.unique(numbers, return_inverse=True)[1][:, None].astype(float)
    return np.array(
        [[v == d and type(v) is type(d) for d in different] for v in values], float
    )
