"""What to train next.

Optuna's SQLite storage writes a transaction for every suggestion, so proposals are made
in a study in memory.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Final

import optuna
from optuna.samplers import BaseGASampler
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

from nas.arch import Architecture, Gene
from nas.errors import DoesNotFit
from nas.records import TrialRecord, candidate_key
from nas.report import SIZE, CostAxis, is_compared, values
from nas.search.quiet import QUIET_OPTUNA
from nas.search.samplers import make_sampler
from nas.search.samplers.partial import stopped_trial, tell_stopped
from nas.space import BoundSpace

_REFUSED_IN_A_ROW: Final = 100
_REFUSED_TO: Final = {"gp": 5, "size-aware": 2, "local": 2, "evolution": 2, "grid": 2}
"""They take long to ask where little fits. What gp repeats once it goes on repeating;
our own have looked at thousands before they ask for what is refused."""
_DRAWS: Final = 2000


class Proposer:
    """Proposes architectures that fit the budget and that nobody has trained yet.

    Where the space holds recipes, each comes with the genes of one, and is new when the
    pair of the two is.

    Args:
        space: where to search.
        sampler: a name in ``SAMPLERS``.
        seed: of the search.
        known: trials that a resumed run has finished already.
        epochs: of a whole training.
        num_interrupted: trials of a resumed run that were under way.
        costs: what is minimised while accuracy is maximised.
    """

    def __init__(
        self,
        space: BoundSpace,
        sampler: str,
        seed: int,
        known: Iterable[TrialRecord] = (),
        *,
        epochs: int = 1,
        num_interrupted: int = 0,
        costs: Sequence[CostAxis] = SIZE,
    ) -> None:
        known = list(known)
        # The same seed after a resume would replay the draws that were made already.
        seed += 7919 * (len(known) + num_interrupted)
        self.space = space
        self.patience = _REFUSED_TO.get(sampler, _REFUSED_IN_A_ROW)
        self.rng = random.Random(seed)
        with QUIET_OPTUNA:
            self.study = optuna.create_study(
                directions=directions(costs),
                sampler=make_sampler(sampler, seed, space, costs),
            )
        self.costs = tuple(costs)
        self.distributions = {
            name: domain.distribution() for name, domain in space.domains.items()
        }
        self.epochs = epochs
        self.learns = sampler != "random"
        self.seen: set[str] = set()
        self.asked: dict[str, optuna.Trial] = {}
        self.told: dict[str, int] = {}  # epochs of what has stopped so far
        self.skipped = 0  # known networks among the latest proposals
        for record in known:
            self.tell(record)

    def propose(self) -> Architecture | None:
        """Return the next architecture to train, None when the space is used up."""
        self.skipped = 0
        for _ in range(self.patience):
            if (architecture := self._ask()) is not None:
                return architecture
        # The sampler is stuck on what it knows; look around at random.
        drawn = (self.space.draw(self.rng) for _ in range(_DRAWS))
        least = self.space.decode(self.space.encode(self.space.smallest))
        for architecture in chain(drawn, [least]):
            if (
                architecture is not None
                and candidate_key(architecture) not in self.seen
            ):
                self.study.enqueue_trial(self.space.encode(architecture))
                return self._ask()
        return None

    def take_up(self, architecture: Architecture) -> None:
        """Take in a network that was proposed before a resume, and is trained now."""
        self.seen.add(candidate_key(architecture))
        if (genes := self._held(architecture.genes)) is not None:
            trial = self._asked_for(genes)
            if trial is not None:
                self._begin(trial, architecture)

    def tell(self, record: TrialRecord) -> None:
        """Let the sampler learn from a candidate, whoever proposed it."""
        self.seen.add(record.key)
        self._tell_stops(record)
        if record.status == "stopped":
            return
        trial = self.asked.pop(record.key, None)
        if not is_compared(record, self.costs):
            if trial is not None:
                self.study.tell(trial, state=TrialState.FAIL)
            return
        assert record.accuracy is not None
        reached = [record.accuracy, *values(record, self.costs)]
        if trial is not None:
            self.study.tell(trial, reached)
        elif not self.learns or (genes := self._held(record.genes)) is None:
            return
        elif isinstance(self.study.sampler, BaseGASampler):
            # It looks at generations; trials that are merely added have none.
            trial = self._asked_for(genes)
            if trial is not None:
                self.study.tell(trial, reached)
        else:
            self.study.add_trial(
                create_trial(
                    values=reached,
                    params=dict(genes),
                    distributions={name: self.distributions[name] for name in genes},
                )
            )

    def _tell_stops(self, record: TrialRecord) -> None:
        """Tell how far a candidate had come at each rung that is new to the sampler."""
        before = self.told.get(record.key, 0)
        genes = self._held(record.genes)
        for rung, accuracy in record.standings:
            if rung <= before:
                continue
            self.told[record.key] = rung
            fidelity = rung / self.epochs
            trial = self.asked.pop(record.key, None)
            if trial is not None:
                tell_stopped(self.study, trial, fidelity, accuracy)
            elif self.learns and genes is not None:
                self.study.add_trial(
                    stopped_trial(genes, self.distributions, fidelity, accuracy)
                )

    def _held(self, genes: Mapping[str, Gene] | None) -> Mapping[str, Gene] | None:
        """Return genes if the space holds each; Optuna would take others as they are.

        They come from files, which may be those of another space.
        """
        if genes is None:
            return None
        domains = self.space.domains
        held = all(n in domains and domains[n].contains(v) for n, v in genes.items())
        return genes if held else None

    def _asked_for(self, genes: Mapping[str, Gene]) -> optuna.Trial | None:
        """Return a new trial with given genes, as if the sampler had proposed them.

        None where they come to no network of the space.
        """
        self.study.enqueue_trial(dict(genes))
        trial = self.study.ask()
        if isinstance(self.study.sampler, BaseGASampler):
            # Given genes need no proposal, but the generation comes with that.
            assert trial.relative_params is not None
        try:
            self.space.suggest(trial)
        except DoesNotFit:
            self.study.tell(trial, state=TrialState.FAIL)
            return None
        return trial

    def _begin(self, trial: optuna.Trial, architecture: Architecture) -> None:
        key = candidate_key(architecture)
        self.seen.add(key)
        self.asked[key] = trial

    def _ask(self) -> Architecture | None:
        trial = self.study.ask()
        try:
            architecture = self.space.suggest(trial)
        except DoesNotFit:
            self.study.tell(trial, state=TrialState.FAIL)
            return None
        if candidate_key(architecture) in self.seen:
            self.skipped += 1
            self.study.tell(trial, state=TrialState.FAIL)
            return None
        self._begin(trial, architecture)
        return architecture


def directions(costs: Sequence[CostAxis]) -> list[StudyDirection]:
    """Return those of a study whose values are accuracy and some costs."""
    return [StudyDirection.MAXIMIZE, *[StudyDirection.MINIMIZE] * len(costs)]
