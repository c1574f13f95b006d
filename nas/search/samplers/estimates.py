"""What networks cost that nobody has counted or measured, from those that somebody has.

A Gaussian process over the same features that predict accuracy, size among them, and
with the same prior.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nas.search.samplers.codes import Rows
from nas.search.samplers.surrogate import Surrogate, default_hyper, fit

_GROWTH: Final = 1.3
_EVALUATIONS: Final = 20
"""Of the likelihood, at most, in one fit."""
_FITTED: Final = 200
"""Most networks that hyperparameters are fitted to, the last ones."""


class Estimates:
    """Predicts the logs of costs, each for itself.

    Args:
        groups: (F,) the group of each feature.
    """

    def __init__(self, groups: NDArray[np.intp]) -> None:
        self.groups = groups
        self._hypers: list[NDArray[np.float64]] = []
        self._models: list[Surrogate | None] = []
        self._fitted_to = 0

    def update(self, points: Rows, costs: Rows) -> None:
        """Learn from the points (N, F) of networks and the logs (N, D) of their costs.

        Those that are NaN are not known. Hyperparameters are fitted anew when there are
        ``_GROWTH`` times as many networks.
        """
        if not self._hypers:
            self._hypers = [default_hyper(self.groups)] * costs.shape[1]
        fits_anew = len(points) >= _GROWTH * self._fitted_to
        self._models = []
        for i, column in enumerate(costs.T):
            known = ~np.isnan(column)
            if not known.any():
                self._models.append(None)
                continue
            at, values = points[known], column[known]
            if fits_anew:
                self._fitted_to = len(points)
                last = slice(-_FITTED, None)
                self._hypers[i] = fit(
                    at[last], values[last], self.groups, self._hypers[i], _EVALUATIONS
                )
            self._models.append(Surrogate(at, values, self.groups, self._hypers[i]))

    def filled(self, points: Rows, costs: Rows) -> Rows:
        """Return costs (M, D) of networks at points (M, F), estimates where NaN.

        It stays NaN where nothing is known of any network.
        """
        filled = costs.copy()
        for i, model in enumerate(self._models):
            missing = np.isnan(filled[:, i])
            if model is not None and missing.any():
                filled[missing, i] = model.predict(points[missing])[0]
        return filled
