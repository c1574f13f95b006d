"""A Gaussian process over networks: predicts log error, and how sure it is.

The kernel is ``exp(-D)``, where ``D`` sums the squared distances of the feature groups,
each with a weight of its own (a Hamming distance for choices; Ru et al. 2021, "NAS with
Weisfeiler-Lehman kernels", use the same family over graphs). Weights, signal and noise
maximise the marginal likelihood under a prior that wants many groups to matter little.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, lapack, solve_triangular
from scipy.optimize import minimize

from nas.search.samplers.codes import Rows
from nas.search.samplers.warp import WIDTHS, Warp

_JITTER: Final = 1e-8
_FITTED: Final = 200
"""Most results that hyperparameters are fitted to."""
_EVALUATIONS: Final = 20
"""Of the likelihood, at most, in one fit."""
_COMPARED: Final = 100
"""Results from which on a warp is kept; to compare them takes a fit each."""
_CONSTANT: Final = 1.0
"""Prior variance of the mean, in units of the targets' variance."""


@dataclass(frozen=True, slots=True)
class Prior:
    """Normal priors of the hyperparameters' logarithms: (mean, standard deviation)."""

    weight: tuple[float, float]
    signal: tuple[float, float] = (0.0, 1.0)
    noise: tuple[float, float] = (math.log(0.01), 1.5)


def default_hyper(groups: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return where fitting starts: log weights, log signal, log noise."""
    num = int(groups.max()) + 1
    prior = prior_for(num)
    return np.array([prior.weight[0]] * num + [prior.signal[0], prior.noise[0]])


def prior_for(num_groups: int) -> Prior:
    """Return the prior for so many groups: together they make about one unit."""
    return Prior(weight=(math.log(1.0 / num_groups), 1.0))


class Surrogate:
    """The process given what was observed; immutable once made.

    Args:
        points: (N, F) features.
        targets: (N,) observed values.
        groups: (F,) the group of each feature.
        hyper: logarithms of the groups' weights, the signal and the noise.
    """

    def __init__(
        self,
        points: Rows,
        targets: Rows,
        groups: NDArray[np.intp],
        hyper: NDArray[np.float64],
    ) -> None:
        self.scale = np.exp(0.5 * hyper[groups])
        self.signal = math.exp(hyper[-2])
        self.center = float(targets.mean())
        self.spread = float(targets.std()) or 1.0
        self.noise = math.exp(hyper[-1])
        self.points = points * self.scale
        covariance = self._covariance(self.points, self.points)
        covariance.flat[:: len(points) + 1] += self.noise + _JITTER
        self.factor = cholesky(covariance, lower=True, check_finite=False)
        standard = (targets - self.center) / self.spread
        self.alpha = cho_solve((self.factor, True), standard, check_finite=False)

    @property
    def noise_std(self) -> float:
        """Standard deviation of one observation, in the unit of the targets."""
        return math.sqrt(self.noise) * self.spread

    def predict(self, points: Rows) -> tuple[Rows, Rows]:
        """Return mean and standard deviation of the true value at points (M, F)."""
        across = self._covariance(points * self.scale, self.points)
        mean = across @ self.alpha
        half = solve_triangular(self.factor, across.T, lower=True, check_finite=False)
        variance = self.signal + _CONSTANT - np.einsum("nm,nm->m", half, half)
        deviation = np.sqrt(np.maximum(variance, 1e-12))
        return self.center + self.spread * mean, self.spread * deviation

    def joint(self, points: Rows) -> tuple[Rows, Rows]:
        """Return means (M,) and covariances (M, M) of the true values at points."""
        across = self._covariance(points * self.scale, self.points)
        half = solve_triangular(self.factor, across.T, lower=True, check_finite=False)
        prior = self._covariance(points * self.scale, points * self.scale)
        mean = self.center + self.spread * (across @ self.alpha)
        return mean, self.spread**2 * (prior - half.T @ half)

    def _covariance(self, a: Rows, b: Rows) -> Rows:
        return self.signal * _kernel(a, b) + _CONSTANT


class Fitted:
    """Hyperparameters and the targets' warp, which follow the results as they come in.

    The warp is the one under which the results are likeliest (Snelson et al. 2003,
    "Warped Gaussian processes").

    Args:
        groups: (F,) the group of each feature.
        rng: chooses results to fit to, where there are many.
    """

    def __init__(self, groups: NDArray[np.intp], rng: np.random.Generator) -> None:
        self.groups = groups
        self.rng = rng
        self.hyper = default_hyper(groups)
        self.warp = Warp()
        self.num_points = 0
        self._starts: dict[float, NDArray[np.float64]] = {}
        self._width = WIDTHS[0]

    def update(self, points: Rows, targets: Rows) -> None:
        """Fit anew when the results are a tenth more than the last time."""
        if len(points) < max(1.1 * self.num_points, self.num_points + 2):
            return
        widths = WIDTHS if self.num_points < _COMPARED else (self._width,)
        self.num_points = len(points)
        if len(points) > _FITTED:
            some = self.rng.choice(len(points), _FITTED, replace=False)
            points, targets = points[some], targets[some]
        least = math.inf
        for width in widths:
            warp = Warp.of(targets, width)
            warped = warp(targets)
            start = self._starts.get(width, self.hyper)
            hyper = fit(points, warped, self.groups, start, _EVALUATIONS)
            self._starts[width] = hyper
            loss, _ = loss_of(points, warped, self.groups)(hyper)
            # In units of the targets, as they were before they were warped.
            loss += len(warped) * math.log(float(warped.std()) or 1.0)
            loss -= warp.log_slope(targets)
            if loss < least:
                least, self._width, self.warp, self.hyper = loss, width, warp, hyper

    def surrogate(self, points: Rows, targets: Rows) -> Surrogate:
        """Return the process given these results, warped."""
        return Surrogate(points, targets, self.groups, self.hyper)


def fit(
    points: Rows,
    targets: Rows,
    groups: NDArray[np.intp],
    start: NDArray[np.float64],
    max_evaluations: int,
) -> NDArray[np.float64]:
    """Return hyperparameters that maximise the posterior density, from a start."""
    bounds = bounds_for(len(start) - 2)
    found = minimize(
        loss_of(points, targets, groups),
        np.clip(start, *bounds.T),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxfun": max_evaluations, "maxiter": max_evaluations},
    )
    return np.asarray(found.x)


def bounds_for(num_groups: int) -> NDArray[np.float64]:
    """Return the (lowest, highest) hyperparameters (num_groups + 2, 2)."""
    means, stds = _priors(num_groups)
    bounds = np.stack([means - 6 * stds, means + 6 * stds], axis=1)
    bounds[-1] = (math.log(1e-5), math.log(2.0))
    return bounds


def loss_of(
    points: Rows, targets: Rows, groups: NDArray[np.intp]
) -> Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]:
    """Return the negative log posterior density of hyperparameters, with gradient."""
    standard = (targets - targets.mean()) / (float(targets.std()) or 1.0)
    means, stds = _priors(int(groups.max()) + 1)

    def loss(hyper: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, gradient = _evidence(points, standard, groups, hyper)
        off = (hyper - means) / stds
        return value + 0.5 * float(off @ off), gradient + off / stds

    return loss


def _priors(num_groups: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    prior = prior_for(num_groups)
    means = [prior.weight[0]] * num_groups + [prior.signal[0], prior.noise[0]]
    stds = [prior.weight[1]] * num_groups + [prior.signal[1], prior.noise[1]]
    return np.array(means), np.array(stds)


def squared_distances(a: Rows, b: Rows) -> Rows:
    """Return the squared distances (M, N) of points (M, F) and (N, F)."""
    distance = a @ b.T
    distance *= -2
    distance += np.einsum("nf,nf->n", a, a)[:, None]
    distance += np.einsum("nf,nf->n", b, b)
    return np.maximum(distance, 0, out=distance)


def _kernel(a: Rows, b: Rows) -> Rows:
    distance = squared_distances(a, b)
    np.negative(distance, out=distance)
    return np.exp(distance, out=distance)


def _evidence(
    points: Rows,
    targets: Rows,
    groups: NDArray[np.intp],
    hyper: NDArray[np.float64],
) -> tuple[float, NDArray[np.float64]]:
    """Return the negative log marginal likelihood and its gradient."""
    scaled = points * np.exp(0.5 * hyper[groups])
    signal, noise = math.exp(hyper[-2]), math.exp(hyper[-1])
    correlated = signal * _kernel(scaled, scaled)
    covariance = correlated + _CONSTANT
    covariance.flat[:: len(points) + 1] += noise + _JITTER
    factor, info = lapack.dpotrf(covariance, lower=1, clean=1)
    assert info == 0
    alpha = cho_solve((factor, True), targets, check_finite=False)
    value = 0.5 * float(targets @ alpha) + float(np.log(np.diag(factor)).sum())
    inverse, _ = lapack.dpotri(factor, lower=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    inner = inverse - np.outer(alpha, alpha)
    weighted = inner * correlated
    # The sum of weighted * |x_i - x_j|^2 a column, without a matrix for each of them.
    columns = 2 * (
        weighted.sum(axis=1) @ scaled**2
        - np.einsum("nf,nf->f", scaled, weighted @ scaled)
    )
    gradient = np.empty_like(hyper)
    gradient[:-2] = -0.5 * np.bincount(groups, columns, minlength=len(hyper) - 2)
    gradient[-2] = 0.5 * float(weighted.sum())
    gradient[-1] = 0.5 * noise * float(np.trace(inner))
    return value, gradient
