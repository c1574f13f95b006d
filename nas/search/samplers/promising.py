"""The strategy of our own: train what is expected to add most to the front."""

import math
from typing import Final

import numpy as np

from nas.search.samplers.codes import Rows
from nas.search.samplers.estimates import Estimates
from nas.search.samplers.features import Features
from nas.search.samplers.history import History
from nas.search.samplers.improvement import Staircase, is_front
from nas.search.samplers.log_error import log_errors
from nas.search.samplers.partial import lifted
from nas.search.samplers.pool import Pool
from nas.search.samplers.sizes import Sizes
from nas.search.samplers.surrogate import Fitted, squared_distances
from nas.search.samplers.survival import survival
from nas.search.samplers.unseen import Unseen

_KEPT: Final = 350
"""Most results that predictions are made from."""
_COUNTED: Final = 6
"""New networks that are counted at each ask where counting takes long."""
_LOOKED_AT: Final = 24
"""Candidates that are looked at to find them."""
_REMEMBERED: Final = 200
"""Of these, as many teach what other networks cost."""
_CLIMBED: Final = 4
"""Candidates whose neighbours are looked at as well."""
_TRIES: Final = 5
_MARGIN: Final = 0.1
"""How far below the cheapest network the staircase begins, as a part of its length."""


class Promising:
    """Begins with a space-filling design, then trusts a surrogate of accuracy.

    Where there are several costs, each proposal goes by a geometric mean of them, whose
    weights are drawn anew (after Knowles 2006, "ParEGO"): the front in such a mean is a
    part of the front in all costs. What is too long to count for every candidate, or
    has to be measured, is estimated.

    Args:
        pool: of candidates.
        sizes: of networks.
        first: rows to begin with.
        rng: of everything drawn.
    """

    def __init__(
        self, pool: Pool, sizes: Sizes, first: list[Rows], rng: np.random.Generator
    ) -> None:
        self.pool = pool
        self.sizes = sizes
        self.rng = rng
        self.unseen = Unseen(pool, sizes, rng)
        self.features = Features(pool.codes)
        ends = self.unseen.ends()
        low, high = (ends[0][0], ends[1][0]) if ends else (0.0, 1.0)
        self.span = (low, max(high, low + 1e-6))
        self.first = [*first, *(row for _, row in ends)]
        self.num_first = 4 + min(2 * len(pool.codes.genes) // 3, 8)
        self.fitted = Fitted(self.features.groups, rng)
        self.estimates = Estimates(self.features.groups)
        self.counted: list[Rows] = []

    def propose(self, history: History) -> Rows | None:
        """Return a canonical row that was not tried yet, None where there is none."""
        trained = len(history.rows) + len(history.stopped)
        begun = trained + len(history.running)
        if begun < self.num_first or trained < 3:
            row = self._space_filling(history)
        else:
            row = self._most_promising(history)
        return self.unseen.any(history) if row is None else row

    def _space_filling(self, history: History) -> Rows | None:
        """Return the next of the first ones, then what lies farthest from the rest."""
        if (row := self.unseen.next_of(self.first, history)) is not None:
            return row
        begun = [*history.trained, *history.running, *history.failed]
        for _ in range(_TRIES):
            rows, sizes = self.unseen.among(self.pool.draw(self.rng, 100), history)
            if not len(rows):
                continue
            apart = self.rng.random(len(rows))
            if begun:
                known = np.stack(begun)
                at = self._points(rows, sizes)
                others = self._points(known, self.sizes.rough(known))
                apart = squared_distances(at, others).min(axis=1)
            if (found := self.unseen.best(rows, apart, history)) is not None:
                return found
        return None

    def _most_promising(self, history: History) -> Rows | None:
        rows, errors, sizes, costs, lags = self._kept(history)
        if lags.any() and not self.features.with_lag:
            self.features = Features(self.pool.codes, with_lag=True)
            self.fitted = Fitted(self.features.groups, self.rng)
            self.estimates = Estimates(self.features.groups)
        points = self._points(rows, sizes, lags)
        self.fitted.update(points, errors)
        errors = self.fitted.warp(errors)
        surrogate = self.fitted.surrogate(points, errors)
        if not self.sizes.are_costs:
            self._learn_costs(points, costs)
            costs = self.estimates.filled(points, costs)
            if np.isnan(costs).any():
                return None
        if history.running:
            # What is under way is taken to come out as predicted.
            waiting = np.stack(history.running[-_KEPT:])
            rough = self.sizes.rough(waiting)
            at = self._points(waiting, rough)
            points = np.concatenate([points, at])
            errors = np.concatenate([errors, surrogate.predict(at)[0]])
            sizes = np.concatenate([sizes, rough])
            costs = np.concatenate([costs, self._costs(waiting, rough, at)])
            rows = np.concatenate([rows, waiting])
            surrogate = self.fitted.surrogate(points, errors)
        weights = self._weights(costs.shape[1])
        # Luck is no merit: the front is of what the networks are thought to reach.
        believed = surrogate.predict(self._points(rows, sizes))[0]
        spent = costs @ weights
        stairs = Staircase.of(spent, believed, *self._span(spent))
        trained = np.stack(history.trained[-_KEPT:])
        failed = np.stack(history.failed[-_KEPT:]) if history.failed else None

        def gains(rows: Rows, sizes: Rows, *, counted: bool = False) -> Rows:
            at = self._points(rows, sizes)
            spent = self._costs(rows, sizes, at, counted=counted) @ weights
            gain = stairs.expected(spent, *surrogate.predict(at))
            if failed is None:
                return gain
            genes = self.features.genes
            return gain * survival(genes(rows), genes(trained), genes(failed))

        front = rows[is_front(costs, believed)]
        found, reached = self.unseen.among(self.pool.around(front, self.rng), history)
        if not len(found):
            return None
        scores = gains(found, reached)
        best = found[np.argsort(-scores)[:_CLIMBED]]
        near, reached = self.unseen.among(self.pool.neighbours(best, self.rng), history)
        if len(near):
            found = np.concatenate([found, near])
            scores = np.concatenate([scores, gains(near, reached)])
        if self.sizes.are_cheap:
            return self.unseen.best(found, scores, history)
        few, exact = self._counted(found[np.argsort(-scores)], history)
        if not len(few):
            return None
        self.counted = [*self.counted, *few][-_REMEMBERED:]
        return self.unseen.best(few, gains(few, exact, counted=True), history)

    def _learn_costs(self, points: Rows, costs: Rows) -> None:
        """Learn from results, and from candidates that were counted and not trained."""
        if self.counted and not self.sizes.are_cheap:
            rows = np.stack(self.counted)
            points = np.concatenate(
                [points, self._points(rows, self.sizes.exact(rows))]
            )
            costs = np.concatenate([costs, self.sizes.costs(rows)])
        self.estimates.update(points, costs)

    def _weights(self, num_costs: int) -> Rows:
        """Return how much each cost counts for a proposal; they make up 1."""
        return np.ones(1) if num_costs == 1 else self.rng.dirichlet(np.ones(num_costs))

    def _span(self, spent: Rows) -> tuple[float, float]:
        """Return where the staircase begins and ends, given what networks cost."""
        if self.sizes.are_costs:
            return self.span
        low, high = float(spent.min()), float(spent.max())
        return low - _MARGIN * (high - low), high + 1e-6

    def _costs(
        self, rows: Rows, sizes: Rows, points: Rows, *, counted: bool = False
    ) -> Rows:
        """Return the log costs (N, D) of rows, as exact as they are cheap to have."""
        if self.sizes.are_costs:
            return sizes[:, None]
        costs = np.full((len(rows), self.sizes.num_costs), np.nan)
        if counted or self.sizes.are_cheap:
            costs = self.sizes.costs(rows)
        return self.estimates.filled(points, costs)

    def _counted(self, rows: Rows, history: History) -> tuple[Rows, Rows]:
        """Return the first rows that are new for certain, and their exact log sizes.

        Where a topology is over the size asked for, that is raised until it fits.
        """
        kept, exact = [], []
        for row in rows[:_LOOKED_AT]:
            for larger in self.sizes.larger(row):
                if math.isfinite(size := self.sizes.exact(larger[None])[0]):
                    if self.unseen.has(larger, history):
                        kept.append(larger)
                        exact.append(size)
                    break
            if len(kept) == (_COUNTED if self.sizes.are_costs else _LOOKED_AT):
                break
        return (np.stack(kept) if kept else rows[:0]), np.array(exact)

    def _kept(self, history: History) -> tuple[Rows, Rows, Rows, Rows, Rows]:
        """Return what to predict from: all results, or the front, the latest, some.

        Returns:
            Rows, log errors as of whole trainings, log sizes, log costs (N, D) with NaN
            where they are not known yet, and how far the trainings were from whole.
        """
        rows, errors, sizes, costs, lags = _results(history)
        if len(rows) <= _KEPT:
            return rows, errors, sizes, costs, lags
        front = np.flatnonzero(is_front(costs, errors))
        if len(front) > _KEPT // 2:
            front = self.rng.choice(front, _KEPT // 2, replace=False)
        keep = np.zeros(len(rows), dtype=bool)
        keep[front] = True
        keep[-_KEPT // 4 :] = True
        rest = np.flatnonzero(~keep)
        keep[self.rng.choice(rest, _KEPT - int(keep.sum()), replace=False)] = True
        return rows[keep], errors[keep], sizes[keep], costs[keep], lags[keep]

    def _points(self, rows: Rows, sizes: Rows, lags: Rows | None = None) -> Rows:
        low, high = self.span
        scaled = (np.nan_to_num(sizes, nan=low) - low) / (high - low)
        return self.features(rows, scaled, lags)


def _results(history: History) -> tuple[Rows, Rows, Rows, Rows, Rows]:
    """Return rows, log errors, log sizes, log costs and lags of all that trained.

    Whole trainings come first, then those that were only stopped.
    """
    sizes = np.array(history.sizes)
    costs = np.array(history.costs).reshape(-1, history.counted.num_costs)
    if not history.partial:
        rows, values, _ = history.arrays()
        return rows, log_errors(values), sizes, costs, np.zeros(len(rows))
    errors, whole = np.zeros(0), {}
    if history.rows:
        errors = log_errors(np.array(history.values))
        keys = (row.tobytes() for row in history.rows)
        whole = dict(zip(keys, errors.tolist(), strict=True))
    found = lifted(whole, history.partial)
    stopped = np.array([found[row.tobytes()] for row in history.stopped])
    stopped = stopped.reshape(-1, 2)
    rows = np.stack(history.trained)
    stopped_rows = rows[len(history.rows) :]
    more = history.counted.exact(stopped_rows)
    return (
        rows,
        np.concatenate([errors, stopped[:, 0]]),
        np.concatenate([sizes, more]),
        np.concatenate([costs, history.counted.costs(stopped_rows)]),
        np.concatenate([np.zeros(len(errors)), stopped[:, 1]]),
    )
