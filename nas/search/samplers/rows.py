"""What our own samplers share: Optuna's interface, dealt with once.

A sampler of ours is a ``RowSampler`` with a strategy, which chooses the next row from
a history. Parameter sets are rows of numbers between the two.
"""

import threading
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from nas.search.samplers.activity import Activity
from nas.search.samplers.codes import Codes, Rows
from nas.search.samplers.history import History, fixed_params
from nas.search.samplers.one_thread import one_thread
from nas.search.samplers.pool import Pool
from nas.search.samplers.sizes import CostOf, SizeOf, Sizes

_COMPLETED: Final = 50
"""Draws of the genes that a trial from the study's queue leaves open."""
_SHOWN: Final = 400
"""Parameter sets that ``in_use`` is asked about to learn its rules."""


class Strategy(Protocol):
    """Chooses what to train next."""

    def propose(self, history: History) -> Rows | None:
        """Return a canonical row that was not tried yet, None where there is none."""


MakeStrategy = Callable[[Pool, Sizes, list[Rows], np.random.Generator], Strategy]
"""From candidates, sizes and the rows to begin with, in the order of training."""


class RowSampler(BaseSampler):
    """Proposes what a strategy chooses, in a study of accuracy (up) and costs (down).

    No network is proposed twice while there are others. When there are none,
    ``Study.optimize`` is stopped, and whoever asks on gets repetitions.

    Args:
        make_strategy: called once a study.

    The others are those of ``SizeAwareSampler``.
    """

    def __init__(
        self,
        make_strategy: MakeStrategy,
        search_space: Mapping[str, BaseDistribution],
        size_of: SizeOf,
        seed: int | None = None,
        *,
        size_gene: str | None = None,
        identity_of: Callable[[dict[str, Any]], Hashable] | None = None,
        in_use: Callable[[dict[str, Any]], Collection[str]] | None = None,
        first: Sequence[Mapping[str, Any]] = (),
        start: Mapping[str, Any] | None = None,
        costs: Sequence[CostOf] | None = None,
    ) -> None:
        self.search_space = dict(search_space)
        self._make_strategy = make_strategy
        self._rng = np.random.default_rng(seed)
        self._independent = RandomSampler(seed=seed)
        self._lock = threading.Lock()
        self._in_use = in_use
        self._codes = Codes(self.search_space)
        self._first = [self._codes.encode(params) for params in first]
        self._start = self._codes.encode(start or {})
        self._sizes = Sizes(self._codes, size_of, size_gene, identity_of, costs)
        self._study: str | None = None

    def infer_relative_search_space(
        self,
        study: Study,  # noqa: ARG002
        trial: FrozenTrial,  # noqa: ARG002
    ) -> dict[str, BaseDistribution]:
        """Return the whole search space: all genes are proposed together."""
        return self.search_space

    def sample_relative(
        self,
        study: Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],  # noqa: ARG002
    ) -> dict[str, Any]:
        """Return the next parameter set, with every gene, in use or not.

        Raises:
            ValueError: when the study's directions are not those of accuracy and costs.
        """
        with self._lock, one_thread():
            if study.study_name != self._study:
                self._begin(study.study_name)
            self._history.update(study, trial.number)
            row: Rows | None
            if (fixed := fixed_params(trial)).keys() & self.search_space.keys():
                row = self._completed(fixed)
            else:
                row = self._strategy.propose(self._history)
            if row is None:
                with suppress(RuntimeError):  # asked outside of `optimize`
                    study.stop()
                row = self._codes.draw(self._rng, 1)[0]
            row = np.nan_to_num(row)
            self._history.proposed[trial.number] = row
        return self._codes.decode(row)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Return a random value for a gene that the search space doesn't name."""
        return self._independent.sample_independent(
            study, trial, param_name, param_distribution
        )

    def reseed_rng(self) -> None:
        """Draw differently from a copy of this sampler.

        ``Study.optimize`` calls it in every thread, before each trial.
        """
        with self._lock:
            # In place, for the strategy draws from the same generator.
            self._rng.bit_generator.state = np.random.default_rng().bit_generator.state
        self._independent.reseed_rng()

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the lock, which cannot be copied."""
        return {name: v for name, v in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def _completed(self, fixed: Mapping[str, Any]) -> Rows:
        """Return a row with these genes and drawn ones, a new one if one is found."""
        rows = self._codes.draw(self._rng, _COMPLETED)
        ours = {name: fixed[name] for name in fixed if name in self.search_space}
        with suppress(ValueError, TypeError):  # else it is out of the search space
            known = self._codes.encode(ours)
            rows = np.where(np.isnan(known), rows, known)
        settled = map(self._history.activity.settled, rows)
        new = (row for row in settled if row.tobytes() not in self._history.seen)
        return next(new, rows[0])

    def _begin(self, study_name: str) -> None:
        self._study = study_name
        activity = Activity(self._codes)
        if self._in_use is not None:
            for row in self._codes.draw(self._rng, _SHOWN):
                used = self._in_use(self._codes.decode(row))
                absent = [name not in used for name in self._codes.names]
                activity.note(np.where(absent, np.nan, row))
        self._history = History(self._codes, activity, self._sizes)
        self._strategy = self._make_strategy(
            Pool(self._codes, activity, self._start),
            self._sizes,
            list(self._first),
            self._rng,
        )
