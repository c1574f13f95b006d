"""A linear model in which some effects are sought and many others are in the way.

``values = fixed @ sought + others @ rest + noise``: nothing is supposed about what is
sought, the rest is supposed to be normal around 0 with one variance for all of it
(Henderson's mixed model). That variance is found by restricted maximum likelihood, so
the rest takes away what it explains, and nothing when it explains nothing, however many
columns it has.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

_RATIOS: Final = np.concatenate([[0.0], np.geomspace(1e-4, 1e2, 61)])
_NOT_MUCH_LESS: Final = 2.7
"""Twice the log of how much less likely a ratio may be: of such, the least is taken.

With few trials the likeliest is often far too high, by luck, and intervals too short.
"""

_NOTHING: Final = 1e-11
"""What is smaller beside the largest is rounding: columns that others add up to."""

_ROOM: Final = 0.05
"""Of a trial that the model follows more closely than so, it says too little."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """What the model says about (N,) values.

    Args:
        sought: the (Q,) fixed effects.
        weights: (Q, N), by which the values become them.
        fitted: the (N,) values without noise.
        variances: (N,), of the noise of each value.
        variance: of the noise.
        ratio: of the variance of an effect in the way to that of the noise.
        columns: (N, Q + P), of fixed and of other effects.
        solver: (N, Q + P), by which values become all effects.
        room: (N,), the part of each value that the model does not follow.
    """

    sought: Matrix
    weights: Matrix
    fitted: Matrix
    variances: Matrix
    variance: float
    ratio: float
    columns: Matrix
    solver: Matrix
    room: Matrix

    def variances_of(self, values: Matrix) -> Matrix:
        """Return those of the noise in rows of (B, N) values, with the same model."""
        return _variances(values - (values @ self.solver) @ self.columns.T, self.room)


def fit(values: Matrix, fixed: Matrix, others: Matrix) -> Fit:
    """Return the model of (N,) values, of (N, Q) fixed and (N, P) other columns."""
    ratio, variance = _ratio(values, fixed, others)
    num_fixed = fixed.shape[1]
    columns = np.concatenate([fixed, others], axis=1)
    penalty = np.zeros(columns.shape[1])
    penalty[num_fixed:] = 1 / ratio if ratio else np.inf
    in_use = np.isfinite(penalty)
    columns, penalty = columns[:, in_use], penalty[in_use]
    products = columns.T @ columns + np.diag(penalty)
    inverse = np.linalg.pinv(products, rcond=_NOTHING, hermitian=True)
    solver = columns @ inverse
    effects = values @ solver
    fitted = columns @ effects
    room = np.maximum(1 - (solver * columns).sum(axis=1), _ROOM)
    return Fit(
        sought=effects[:num_fixed],
        weights=solver[:, :num_fixed].T,
        fitted=fitted,
        variances=_variances(values - fitted, room),
        variance=variance,
        ratio=ratio,
        columns=columns,
        solver=solver,
        room=room,
    )


def _variances(left: Matrix, room: Matrix) -> Matrix:
    """Return the variance of the noise of each value, from what the model leaves of it.

    That is how far it is off, as if it had not been seen (HC3; MacKinnon and White
    1985), but no less than the mean of all: few values that agree by luck are not
    certain.
    """
    mean = (left**2).sum(axis=-1, keepdims=True) / room.sum()
    return np.asarray(np.maximum((left / room) ** 2, mean))


def _ratio(values: Matrix, fixed: Matrix, others: Matrix) -> tuple[float, float]:
    """Return the least ratio of variances that is likely, and that of the noise."""
    basis = _basis(fixed)
    rest = values - basis @ (basis.T @ values)
    free = len(values) - basis.shape[1]
    if free < 1:
        return 0.0, 0.0
    if not others.shape[1]:
        return 0.0, float(rest @ rest) / free
    left = others - basis @ (basis.T @ others)
    axes, stretch, _ = np.linalg.svd(left, full_matrices=False)
    along = (axes.T @ rest) ** 2
    beside = max(float(rest @ rest - along.sum()), 0.0)
    grown: Any = 1 + _RATIOS[:, None] * stretch**2
    noise = ((along / grown).sum(axis=1) + beside) / free
    with np.errstate(divide="ignore"):
        surprise = np.log(grown).sum(axis=1) + free * np.log(noise)
    likely = surprise <= surprise.min() + _NOT_MUCH_LESS
    least = int(np.argmax(likely))
    return float(_RATIOS[least]), float(noise[least])


def _basis(columns: Matrix) -> Matrix:
    """Return orthonormal columns that span the same."""
    axes, stretch, _ = np.linalg.svd(columns, full_matrices=False)
    return np.asarray(axes[:, stretch > 1e-9 * max(stretch.max(initial=0.0), 1e-300)])
