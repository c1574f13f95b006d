"""How the next network is chosen: the sampler without Optuna's part in it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nas.search.samplers.activity import Activity
from nas.search.samplers.codes import Codes, Rows
from nas.search.samplers.features import Features
from nas.search.samplers.history import History
from nas.search.samplers.improvement import Staircase, is_front
from nas.search.samplers.log_error import log_errors
from nas.search.samplers.pool import Pool
from nas.search.samplers.sizes import Sizes
from nas.search.samplers.surrogate import Surrogate, default_hyper, fit

_FITTED: Final = 200
"""Most results that hyperparameters are fitted to."""
_KEPT: Final = 350
"""Most results that predictions are made from."""
_ENUMERATED: Final = 20_000
"""Spaces of up to so many parameter sets are searched to the last one."""
_COUNTED: Final = 12
"""Candidates that are counted at each ask where counting takes long."""
_MEASURED: Final = 200
_TRIES: Final = 5


class Strategy:
    """Chooses what to train next.

    Args:
        codes: of the search space.
        activity: which genes are in use.
        sizes: of networks.
        first: parameter sets to begin with.
        rng: of everything drawn.
    """

    def __init__(
        self,
        codes: Codes,
        activity: Activity,
        sizes: Sizes,
        first: Sequence[Mapping[str, Any]],
        rng: np.random.Generator,
    ) -> None:
        self.codes = codes
        self.activity = activity
        self.sizes = sizes
        self.rng = rng
        self.features = Features(codes)
        self.pool = Pool(codes, activity)
        self.first = [codes.encode(params) for params in first]
        self.num_first = 4 + min(2 * len(codes.genes) // 3, 8)
        self._hyper = default_hyper(self.features.groups)
        self._fitted_to = 0
        self._span: tuple[float, float] | None = None

    def propose(self, history: History) -> Rows | None:
        """Return a row that was not tried yet, None where there is none."""
        if self._span is None:
            self._span = self._measure()
        begun = len(history.rows) + len(history.running)
        if begun < self.num_first or len(history.rows) < 3:
            row = self._space_filling(history)
        else:
            row = self._most_promising(history)
        return self._left(history) if row is None else row

    # --- the beginning ---

    def _measure(self) -> tuple[float, float]:
        """Return the log sizes between which the space's networks lie, as far as seen.

        The smallest and the largest network are looked for by descent, and are the
        first to be trained.
        """
        rows = self.pool.draw(self.rng, _MEASURED)
        sizes = self.sizes.rough(rows)
        ok = np.isfinite(sizes)
        if not ok.any():
            return 0.0, 1.0
        rows, sizes = rows[ok], sizes[ok]
        ends = []
        for sign in (1, -1):
            row, size = rows[np.argmin(sign * sizes)], sign * (sign * sizes).min()
            for _ in range(2 * len(self.codes.genes)):
                near = self.pool.neighbours(row[None], self.rng)
                reached = self.sizes.rough(near)
                if not np.isfinite(reached).any():
                    break
                best = int(np.nanargmin(sign * reached))
                if sign * reached[best] >= sign * size:
                    break
                row, size = near[best], reached[best]
            ends.append(float(size))
            self.first.append(row)
        return ends[0], max(ends[1], ends[0] + 1e-6)

    def _space_filling(self, history: History) -> Rows | None:
        """Return the next of the first ones, then what lies farthest from the rest."""
        while self.first:
            row = self.activity.apply(self.first.pop(0)[None])[0]
            if self._may(row, history) and math.isfinite(self.sizes.exact(row[None])[0]):
                return row
        begun = [*history.rows, *history.running, *history.failed]
        for _ in range(_TRIES):
            rows = self._unseen(self.pool.draw(self.rng, 100), history)
            sizes = self.sizes.rough(rows)
            rows, sizes = rows[np.isfinite(sizes)], sizes[np.isfinite(sizes)]
            if not len(rows):
                continue
            if begun:
                known = np.stack(begun)
                apart = _distances(
                    self._points(rows, sizes),
                    self._points(known, self.sizes.rough(known)),
                ).min(axis=1)
            else:
                apart = self.rng.random(len(rows))
            if (row := self._best(rows, apart, history)) is not None:
                return row
        return None

    # --- the surrogate's choice ---

    def _most_promising(self, history: History) -> Rows | None:
        rows, values, sizes = self._kept(history)
        errors = log_errors(values)
        points = self._points(rows, sizes)
        self._refit(points, errors)
        surrogate = Surrogate(points, errors, self.features.groups, self._hyper)
        if history.running:
            # What is under way is taken to come out as predicted.
            waiting = np.stack(history.running)
            rough = self.sizes.rough(waiting)
            at = self._points(waiting, rough)
            points = np.concatenate([points, at])
            errors = np.concatenate([errors, surrogate.predict(at)[0]])
            sizes = np.concatenate([sizes, rough])
            rows = np.concatenate([rows, waiting])
            surrogate = Surrogate(points, errors, self.features.groups, self._hyper)
        # Luck is no merit: the front is of what the networks are thought to reach.
        believed = surrogate.predict(points)[0]
        assert self._span is not None
        stairs = Staircase.of(sizes, believed, *self._span)
        front = rows[is_front(sizes, believed)]

        def score(rows: Rows, sizes: Rows) -> Rows:
            at = self._points(rows, sizes)
            mean, std = surrogate.predict(at)
            gain = stairs.expected(sizes, mean, std, log=False)
            if history.failed:
                gain *= self._survival(at, points, history)
            return gain

        found = self._unseen(self.pool.around(front, self.rng), history)
        if not len(found):
            return None
        reached = self.sizes.rough(found)
        found, reached = found[np.isfinite(reached)], reached[np.isfinite(reached)]
        if not len(found):
            return None
        gains = score(found, reached)
        # Climb on from the best.
        best = found[np.argsort(-gains)[:4]]
        near = self._unseen(self.pool.neighbours(best, self.rng), history)
        reached_near = self.sizes.rough(near)
        ok = np.isfinite(reached_near)
        if ok.any():
            found = np.concatenate([found, near[ok]])
            gains = np.concatenate([gains, score(near[ok], reached_near[ok])])
        if self.sizes.are_cheap:
            return self._best(found, gains, history)
        order = np.argsort(-gains)[: 4 * _COUNTED]
        counted, exact = [], []
        for row in found[order]:
            if len(counted) == _COUNTED:
                break
            size = self.sizes.exact(row[None])[0]
            if math.isfinite(size):
                counted.append(row)
                exact.append(size)
        if not counted:
            return None
        few = np.stack(counted)
        return self._best(few, score(few, np.array(exact)), history)

    def _kept(self, history: History) -> tuple[Rows, Rows, Rows]:
        """Return the results to predict from: all, or the front, the latest and some."""
        rows, values, sizes = history.arrays()
        if len(rows) <= _KEPT:
            return rows, values, sizes
        keep = is_front(sizes, -values)
        keep[-_KEPT // 4 :] = True
        rest = np.flatnonzero(~keep)
        missing = _KEPT - int(keep.sum())
        if missing > 0:
            keep[self.rng.choice(rest, missing, replace=False)] = True
        return rows[keep], values[keep], sizes[keep]

    def _refit(self, points: Rows, errors: Rows) -> None:
        """Fit the hyperparameters anew when the results are a tenth more."""
        if len(points) < max(1.1 * self._fitted_to, self._fitted_to + 2):
            return
        self._fitted_to = len(points)
        if len(points) > _FITTED:
            some = self.rng.choice(len(points), _FITTED, replace=False)
            points, errors = points[some], errors[some]
        self._hyper = fit(
            points, errors, self.features.groups, self._hyper, max_evaluations=20
        )

    def _survival(self, at: Rows, known: Rows, history: History) -> Rows:
        """Return how likely networks are to train, by how those alike did."""
        failed = np.stack(history.failed[-_KEPT:])
        lost = self._points(failed, self.sizes.rough(failed))
        scale = np.exp(0.5 * self._hyper[self.features.groups])
        good = np.exp(-_distances(at * scale, known * scale)).sum(axis=1)
        bad = np.exp(-_distances(at * scale, lost * scale)).sum(axis=1)
        return (1 + good) / (1 + good + bad)

    def _points(self, rows: Rows, sizes: Rows) -> Rows:
        assert self._span is not None
        low, high = self._span
        return self.features(rows, (np.nan_to_num(sizes, nan=low) - low) / (high - low))

    # --- what was not tried yet ---

    def _unseen(self, rows: Rows, history: History) -> Rows:
        return rows[[row.tobytes() not in history.seen for row in rows]]

    def _may(self, row: Rows, history: History) -> bool:
        return self.sizes.identity(row) not in history.taken

    def _best(
        self, rows: Rows, scores: Rows, history: History
    ) -> NDArray[np.float64] | None:
        """Return the best row that fits and is no known network in other genes."""
        for i in np.argsort(-scores):
            if math.isfinite(self.sizes.exact(rows[i][None])[0]) and self._may(
                rows[i], history
            ):
                return rows[i]
        return None

    def _left(self, history: History) -> Rows | None:
        """Return what a finite space still holds, or a random row of a larger one."""
        if self.codes.num_rows <= _ENUMERATED:
            rows = self._unseen(self.pool.every(), history)
        else:
            rows = self._unseen(self.pool.draw(self.rng, 2000), history)
        return self._best(rows, self.rng.random(len(rows)), history)


def _distances(a: Rows, b: Rows) -> Rows:
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.maximum(squares, 0)
