"""How much of accuracy given size goes by each gene, through Optuna's fANOVA.

fANOVA (Hutter et al. 2014) grows regression trees on what is left of accuracy once size
has had its part, and asks of each tree which part of its variance goes by one gene
alone. Trees that are grown to the end find something in every gene, so the same is done
with accuracies that are dealt to trials at random: a gene's importance is what it has
beyond that, and it is established where it has more than the luckiest gene ever had by
chance.

Every tree is grown from another bootstrap draw of the trials; intervals are what 90 %
of the trees say. A gene that is not in use takes a random value of those it has
elsewhere: so it cannot tell the trees whether it is in use, which is to the credit of
the gene that says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nas.arch import Gene
from nas.records import TrialRecord
from nas.report.effects import LEAST
from nas.report.explanation import Importance
from nas.report.front import has_accuracy
from nas.report.gene_columns import gene_values, ranks
from nas.report.given_size import given_size

if TYPE_CHECKING:
    from optuna import Study

_TREES: Final = 32
_DEALS: Final = 20
"""Times that accuracies are dealt at random: one gene in 21 lucky runs stands out."""

_TREES_A_DEAL: Final = 6
_FILLS: Final = 6
"""Times that random values are drawn for genes that are not in use."""

_MOST: Final = 200
"""Trials that trees are grown from; of more of them some are drawn."""

Shares = NDArray[np.float64]


def importances(
    records: Sequence[TrialRecord], seed: int = 0
) -> tuple[Importance, ...]:
    """Return how much of accuracy given size goes by each gene, most important first.

    Args:
        records: of one run; trials that are not complete or have no genes are left out.
        seed: of the trees and of what is drawn.

    Returns:
        Nothing where trials are too few, or genes or accuracies do not differ.
    """
    complete = [record for record in records if has_accuracy(record) and record.genes]
    if len(complete) < LEAST:
        return ()
    left, genes = given_size(complete), gene_values(complete)
    rng = np.random.default_rng(seed)
    if len(complete) > _MOST:
        some = sorted(rng.choice(len(complete), _MOST, replace=False))
        left = left[some]
        genes = {name: [values[i] for i in some] for name, values in genes.items()}
    genes = {name: values for name, values in genes.items() if len(set(values)) > 1}
    if not genes or np.ptp(left) < 1e-9:
        return ()

    def grown(deals: Iterable[Shares], trees: int) -> Shares:
        """Return the share of each gene in each deal of what is left, (D, G)."""
        rows = (
            _shares(study, deal, trees, rng)
            for study, deal in zip(cycle(studies), deals, strict=False)
        )
        return np.array([[row[name] for name in genes] for row in rows])

    from nas.search.quiet import QUIET_OPTUNA

    with QUIET_OPTUNA:
        studies = [_study(genes, left, rng) for _ in range(_FILLS)]
        found = grown((left for _ in range(_TREES)), 1)
        dealt = grown((rng.permutation(left) for _ in range(_DEALS)), _TREES_A_DEAL)
    chance, luckiest = dealt.mean(axis=0), float(dealt.max())
    beyond = np.clip(found - chance, 0.0, 1.0)
    lows, highs = np.quantile(beyond, [0.05, 0.95], axis=0)
    means = np.clip(found.mean(axis=0) - chance, 0.0, 1.0)
    every = [
        Importance(
            gene=name,
            value=float(means[i]),
            low=float(min(lows[i], means[i])),
            high=float(max(highs[i], means[i])),
            trials=sum(value is not None for value in values),
            established=bool(found[:, i].mean() > luckiest),
        )
        for i, (name, values) in enumerate(genes.items())
    ]
    return tuple(sorted(every, key=lambda one: -one.value))


def _study(
    genes: Mapping[str, Sequence[Gene | None]], left: Shares, rng: np.random.Generator
) -> "Study":
    """Return the trials as a study in which every gene is in use everywhere."""
    import optuna

    filled = {name: _everywhere(values, rng) for name, values in genes.items()}
    spaces = {name: space for name, (space, _) in filled.items()}
    study = optuna.create_study()
    study.add_trials(
        optuna.trial.create_trial(
            params={name: values[i] for name, (_, values) in filled.items()},
            distributions=spaces,
            value=float(value),
        )
        for i, value in enumerate(left)
    )
    return study


def _shares(
    study: "Study", left: Shares, trees: int, rng: np.random.Generator
) -> dict[str, float]:
    """Return the part of the trees' variance that goes by each gene alone."""
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    return get_param_importances(
        study,
        evaluator=FanovaImportanceEvaluator(
            n_trees=trees, seed=int(rng.integers(1 << 31))
        ),
        target=lambda trial: float(left[trial.number]),
        normalize=False,
    )


def _everywhere(
    values: Sequence[Gene | None], rng: np.random.Generator
) -> tuple[Any, list[Any]]:
    """Return a gene's distribution and its values, random ones where it has none."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    order = ranks(values)
    given: list[Any]
    if order is None:
        different = list(dict.fromkeys(v for v in values if v is not None))
        given = [None if v is None else str(different.index(v)) for v in values]
        space: Any = CategoricalDistribution(list(map(str, range(len(different)))))
    else:
        given = [None if np.isnan(rank) else float(rank) for rank in order]
        space = FloatDistribution(0.0, max(r for r in given if r is not None))
    known = [value for value in given if value is not None]
    return space, [
        known[rng.integers(len(known))] if value is None else value for value in given
    ]
