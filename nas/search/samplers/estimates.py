"""What networks cost that nobody has counted or measured, from those that somebody has.

A Gaussian process over the same features that predict accuracy, size among them, and
with the same prior.
"""

import numpy as np
from numpy.typing import NDArray

from nas.search.samplers.codes import Rows
from nas.search.samplers.surrogate import Surrogate, default_hyper, fit

_EVALUATIONS = 20
"""Of the likelihood, at most, in one fit."""


class Estimates:
    """Predicts the logs of costs, each for itself.

    Args:
        groups: (F,) the group of each feature.
    """

    def __init__(self, groups: NDArray[np.intp]) -> None:
        self.groups = groups
        self._hypers: list[NDArray[np.float64]] = []
        self._models: list[Surrogate] = []
        self._fitted_to = 0

    def update(self, points: Rows, costs: Rows) -> None:
        """Learn from the points (N, F) of networks and the logs (N, D) of their costs.

        Hyperparameters are fitted anew when the networks are a tenth more.
        """
        columns = range(costs.shape[1])
        if not self._hypers:
            self._hypers = [default_hyper(self.groups) for _ in columns]
        if len(points) >= 1.1 * self._fitted_to:
            self._fitted_to = len(points)
            self._hypers = [
                fit(points, costs[:, i], self.groups, self._hypers[i], _EVALUATIONS)
                for i in columns
            ]
        self._models = [
            Surrogate(points, costs[:, i], self.groups, self._hypers[i])
            for i in columns
        ]

    def filled(self, points: Rows, costs: Rows) -> Rows:
        """Return costs (M, D) of networks at points (M, F), estimates where NaN."""
        filled = costs.copy()
        for i, model in enumerate(self._models):
            missing = np.isnan(filled[:, i])
            if missing.any():
                filled[missing, i] = model.predict(points[missing])[0]
        return filled
