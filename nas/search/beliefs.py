"""What the surrogate believes of trained networks, luck taken out of their results."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import isfinite, log
from typing import Final

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution

from nas.noise import Belief, Beliefs, Repeat
from nas.records import TrialRecord
from nas.report import SIZE, CostAxis, is_compared, judged, pareto_front, values
from nas.search.models import likely_models
from nas.search.noise_files import num_complete
from nas.search.samplers.codes import Codes, Rows
from nas.search.samplers.features import Features
from nas.search.samplers.improvement import is_front
from nas.search.samplers.log_error import log_errors
from nas.search.samplers.surrogate import Surrogate

LEAST_TRIALS: Final = 6
"""Fewer complete ones teach the model nothing."""

_KEPT: Final = 300
"""Most networks that are believed of: the front's, and those that follow it."""
_DRAWS: Final = 200
"""For each of the models."""
_QUANTILES: Final = (0.025, 0.5, 0.975)


def believe(
    distributions: Mapping[str, BaseDistribution],
    records: Sequence[TrialRecord],
    repeats: Mapping[int, Sequence[Repeat]],
    costs: Sequence[CostAxis] = SIZE,
) -> Beliefs | None:
    """Return what a Gaussian process of log error thinks of the trials.

    Every training is an observation of its network, repeats and those of both arms
    alike, so networks with several are known better, and show the noise.

    Args:
        distributions: of every gene of the search space.
        records: all finished trials.
        repeats: those of each trial that has any.
        costs: of the search.

    Returns:
        None for fewer than ``LEAST_TRIALS`` complete trials, or equal ones.
    """
    complete = [r for r in records if is_compared(r, costs) and r.genes is not None]
    if len(complete) < LEAST_TRIALS or len({r.accuracy for r in complete}) == 1:
        return None
    networks = _kept(complete, repeats, costs)
    codes = Codes(distributions)
    features = Features(codes)
    rows = np.stack([codes.encode(one[0].genes or {}) for one in networks])
    sizes = np.array([log(one[0].params) for one in networks])
    span = float(np.ptp(sizes)) or 1.0
    points = features(rows, (sizes - sizes.min()) / span)
    of: list[int] = []
    reached: list[float] = []
    for i, same in enumerate(networks):
        found = _accuracies(same, repeats)
        of += [i] * len(found)
        reached += found
    seen, errors = points[of], log_errors(np.array(reached))
    models = likely_models(seen, errors, features.groups)
    drawn = _drawn(models, points)
    spent = np.array([values(one[0], costs) for one in networks])
    chances = _on_front(spent, drawn)
    accuracies = 1 - np.exp(np.minimum(np.quantile(drawn, _QUANTILES, axis=0), 0.0))
    place = {r.trial: i for i, same in enumerate(networks) for r in same}
    front = pareto_front(judged(complete, repeats), costs)
    rising = [r.trial for r in sorted(front, key=lambda r: r.accuracy or 0.0)]
    num_trials, num_repeats = num_complete(records, repeats)
    return Beliefs(
        trials=num_trials,
        repeats=num_repeats,
        noise=float(np.median([model.noise_std for model in models])),
        beliefs=tuple(
            Belief(
                trial=trial,
                accuracy=float(accuracies[1, i]),
                low=float(accuracies[2, i]),
                high=float(accuracies[0, i]),
                on_front=float(chances[i]),
            )
            for trial, i in sorted(place.items())
        ),
        ahead=tuple(
            (better, worse, float((drawn[:, i] < drawn[:, j]).mean()))
            for worse, better in combinations(rising, 2)
            for i, j in [(place[better], place[worse])]
        ),
    )


def _kept(
    complete: Sequence[TrialRecord],
    repeats: Mapping[int, Sequence[Repeat]],
    costs: Sequence[CostAxis],
) -> list[list[TrialRecord]]:
    """Return networks, each as its trials: all, or the front and what follows it."""
    alike: dict[str, list[TrialRecord]] = {}
    for record in complete:
        alike.setdefault(record.key, []).append(record)
    networks = list(alike.values())
    if len(networks) <= _KEPT:
        return networks
    spent = np.array([values(same[0], costs) for same in networks])
    best = np.array([max(r.accuracy or 0.0 for r in same) for same in networks])
    kept = [
        i for i, same in enumerate(networks) if any(r.trial in repeats for r in same)
    ]
    left = np.setdiff1d(np.arange(len(networks)), kept)
    while len(kept) < _KEPT:
        layer = left[is_front(spent[left], -best[left])]
        kept += layer.tolist()
        left = np.setdiff1d(left, layer)
    return [networks[i] for i in kept]


def _accuracies(
    same: Sequence[TrialRecord], repeats: Mapping[int, Sequence[Repeat]]
) -> list[float]:
    """Return what every training of a network came to."""
    found = [r.accuracy for r in same]
    found += [again.accuracy for r in same for again in repeats.get(r.trial, ())]
    return [reached for reached in found if reached is not None and isfinite(reached)]


def _drawn(models: Sequence[Surrogate], points: Rows) -> NDArray[np.float64]:
    """Return draws (K, M) of the true log errors of all networks at once."""
    rng = np.random.default_rng(0)
    found = []
    for model in models:
        mean, covariance = model.joint(points)
        values, vectors = np.linalg.eigh(covariance)
        root = vectors * np.sqrt(np.maximum(values, 0))
        found.append(mean + rng.standard_normal((_DRAWS, len(mean))) @ root.T)
    return np.concatenate(found)


def _on_front(costs: Rows, drawn: NDArray[np.float64]) -> Rows:
    """Return how often each network has the least error of those that cost no more.

    Args:
        costs: (M, D)
        drawn: (K, M) log errors.
    """
    errors = np.ascontiguousarray(drawn.T)
    return np.array(
        [
            (own <= errors[(costs <= spent).all(axis=1)].min(axis=0)).mean()
            for spent, own in zip(costs, errors, strict=True)
        ]
    )
