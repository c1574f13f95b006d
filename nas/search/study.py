"""The run's Optuna study: proposals from memory, a mirror on disk.

Optuna's SQLite storage writes a transaction for every suggestion, so proposals are made
in a study in memory; each trained candidate is written to ``study.db`` as one trial,
with the number of its folder, for optuna-dashboard and the like. The trial folders are
the source of truth: the mirror is never read, and made anew where it is missing.
"""

import random
import sqlite3
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Final

import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import TrialState, create_trial

from nas.arch import Architecture, Gene, canonical_hash
from nas.errors import DoesNotFit, RunError
from nas.nn.cost import cost
from nas.records import TrialRecord
from nas.search.samplers import make_sampler
from nas.space import BoundSpace

_DIRECTIONS: Final = ("maximize", "minimize")
_METRICS: Final = ["accuracy", "params"]
_REFUSED_IN_A_ROW: Final = 100
_REFUSED_TO_GP: Final = 5
"""It takes long to ask, and what it repeats once it goes on repeating."""
_DRAWS: Final = 2000


class Proposer:
    """Proposes architectures that fit the budget and that nobody has trained yet.

    Args:
        space: where to search.
        sampler: a name in ``SAMPLERS``.
        seed: of the search.
        known: trials that a resumed run has finished already.
    """

    def __init__(
        self,
        space: BoundSpace,
        sampler: str,
        seed: int,
        known: Iterable[TrialRecord] = (),
    ) -> None:
        known = list(known)
        # The same seed after a resume would replay the draws that were made already.
        seed += 7919 * len(known)
        self.space = space
        self.patience = _REFUSED_TO_GP if sampler == "gp" else _REFUSED_IN_A_ROW
        self.rng = random.Random(seed)
        with _quiet_optuna():
            self.study = optuna.create_study(
                directions=_DIRECTIONS, sampler=make_sampler(sampler, seed, space)
            )
        self.seen: set[str] = set()
        self.asked: dict[str, optuna.Trial] = {}
        for record in known:
            self.tell(record)

    def propose(self) -> Architecture | None:
        """Return the next architecture to train, None when the space is used up."""
        for _ in range(self.patience):
            if (architecture := self._ask()) is not None:
                return architecture
        # The sampler is stuck on what it knows; look around at random.
        drawn = (self.space.draw(self.rng) for _ in range(_DRAWS))
        for architecture in chain(drawn, [self.space.smallest]):
            if (
                architecture is not None
                and canonical_hash(architecture) not in self.seen
            ):
                self.study.enqueue_trial(self.space.encode(architecture))
                return self._ask()
        return None

    def tell(self, record: TrialRecord) -> None:
        """Let the sampler learn from a candidate, whoever proposed it."""
        self.seen.add(record.hash)
        trial = self.asked.pop(record.hash, None)
        genes = record.architecture.genes
        if record.accuracy is None:
            if trial is not None:
                self.study.tell(trial, state=TrialState.FAIL)
        elif trial is not None:
            self.study.tell(trial, [record.accuracy, record.params])
        elif genes is not None:
            self.study.add_trial(
                create_trial(
                    values=[record.accuracy, record.params],
                    params=dict(genes),
                    distributions=_distributions(self.space, genes),
                )
            )

    def _ask(self) -> Architecture | None:
        trial = self.study.ask()
        try:
            architecture = self.space.suggest(trial)
        except DoesNotFit:
            self.study.tell(trial, state=TrialState.FAIL)
            return None
        key = canonical_hash(architecture)
        if key in self.seen:
            self.study.tell(trial, state=TrialState.FAIL)
            return None
        self.seen.add(key)
        self.asked[key] = trial
        return architecture


class Mirror:
    """``study.db``: every trained candidate as an Optuna trial of the same number."""

    def __init__(self, path: Path, space: BoundSpace) -> None:
        self.space = space
        fresh = not path.exists()
        connection = sqlite3.connect(path)
        try:
            # Readers (a dashboard) and the one writer don't wait for each other.
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.DatabaseError as error:
            raise RunError(
                f"{path}: cannot be used: {error}; delete it, it is made anew"
            ) from None
        finally:
            connection.close()
        with _quiet_optuna():
            self.study = optuna.create_study(
                storage=f"sqlite:///{path}",
                study_name="nas",
                directions=_DIRECTIONS,
                load_if_exists=True,
            )
            if fresh:
                self.study.set_metric_names(_METRICS)
        trials = self.study.get_trials(deepcopy=False)
        self.num_trials = len(trials)
        self.finished = {t.number for t in trials if t.state.is_finished()}

    def start(self, trial: int, architecture: Architecture) -> None:
        """Add a running trial if it is new; numbers come in order."""
        if trial < self.num_trials:
            return
        # Optuna counts for itself; trials whose folders are gone must keep their place.
        for _ in range(self.num_trials, trial):
            self.study.add_trial(create_trial(state=TrialState.FAIL))
        genes = architecture.genes or {}
        total = cost(architecture).total
        self.study.add_trial(
            create_trial(
                state=TrialState.RUNNING,
                params=dict(genes),
                distributions=_distributions(self.space, genes),
                user_attrs={
                    "params": total.params,
                    "macs": total.macs,
                    "hash": canonical_hash(architecture),
                },
            )
        )
        self.num_trials = trial + 1

    def finish(self, record: TrialRecord) -> None:
        """Give a trial its values, or mark it as failed; once is enough."""
        if record.trial in self.finished:
            return
        if record.status == "complete":
            assert record.accuracy is not None
            self.study.tell(record.trial, [record.accuracy, record.params])
        else:
            self.study.tell(record.trial, state=TrialState.FAIL)
        self.finished.add(record.trial)


def _distributions(
    space: BoundSpace, genes: Mapping[str, Gene]
) -> dict[str, BaseDistribution]:
    return {name: space.domains[name].distribution() for name in genes}


@contextmanager
def _quiet_optuna() -> Iterator[None]:
    """Keep Optuna's notes on new studies and experimental calls out of the output."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)
