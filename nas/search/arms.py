"""Whose turn it is: the search's, or that of random search beside it.

Both spend the same compute, counted in epochs of training. Seconds would depend on what
else the machine does, and would charge a search for liking large networks. They take
turns, so that whatever happens to the machine happens to both.
"""

import hashlib
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Mapping

from nas.arch import Architecture
from nas.records import Arm, TrialRecord
from nas.search.config import SearchConfig
from nas.search.done import charged_epochs
from nas.search.study import Proposer
from nas.space import BoundSpace


class Arms:
    """The search, and the baseline if there is one, each with a sampler of its own.

    Neither sampler hears of the other's trials, so a network that both propose is
    trained twice, once for each.

    Args:
        space: where both search.
        config: of the search.
        finished: trials that a resumed run has finished already.
        interrupted: trials to be trained again, with their arms and networks.
    """

    def __init__(
        self,
        space: BoundSpace,
        config: SearchConfig,
        finished: Iterable[TrialRecord],
        interrupted: Mapping[int, tuple[Arm, Architecture]],
    ) -> None:
        self.config = config
        self.arm_of: dict[int, Arm] = {}
        self._random_numbers: list[int] = []
        self._interrupted: dict[Arm, list[int]] = {"search": [], "random": []}
        self._begun: Counter[Arm] = Counter()
        self._epochs: Counter[Arm] = Counter()
        self._charged: dict[int, int] = {}
        self._used_up: set[Arm] = set()
        known: dict[Arm, list[TrialRecord]] = {"search": [], "random": []}
        for record in finished:
            known[record.arm].append(record)
            self._begun[record.arm] += 1
            self._number(record.trial, record.arm)
            self._charge(record.trial, charged_epochs(record, self.config))
        for trial, (arm, _) in sorted(interrupted.items()):
            self._interrupted[arm].append(trial)
            self._number(trial, arm)
        seed = config.seed
        self._proposers: dict[Arm, Proposer] = {
            "search": Proposer(
                space,
                config.sampler,
                seed,
                known["search"],
                epochs=config.recipe.epochs,
                num_interrupted=len(self._interrupted["search"]),
                costs=config.costs,
            )
        }
        if config.baseline is not None:
            # Another seed, or a search at random would have its own draws beside it.
            beside = derived_seed(f"{seed}/baseline") // 2
            self._proposers["random"] = Proposer(
                space,
                "random",
                beside,
                known["random"],
                num_interrupted=len(self._interrupted["random"]),
                costs=config.costs,
            )
        for arm, architecture in interrupted.values():
            if arm in self._proposers:
                self._proposers[arm].take_up(architecture)

    def turn(self) -> Arm | None:
        """Return who may start a training now, None when both have had theirs.

        The baseline may when it has begun fewer epochs than the search.
        """
        waits = self.config.baseline is not None and "random" not in self._used_up
        if waits and self._epochs["random"] < self._epochs["search"]:
            return "random"
        asked = self._begun["search"] < self.config.trials
        return "search" if asked and "search" not in self._used_up else None

    def interrupted(self, arm: Arm) -> int | None:
        """Return the first trial of an arm that is to be trained again, if any."""
        waiting = self._interrupted[arm]
        return waiting.pop(0) if waiting else None

    def propose(self, arm: Arm) -> Architecture | None:
        """Return an arm's next network, None when it has used up the space."""
        proposed = self._proposers[arm].propose()
        if proposed is None:
            self._used_up.add(arm)
        return proposed

    def skipped(self, arm: Arm) -> int:
        """Return how many known networks were proposed ahead of an arm's latest one."""
        return self._proposers[arm].skipped

    def num_begun(self, arm: Arm) -> int:
        """Return how many trials of an arm are finished or under way."""
        return self._begun[arm]

    def start(self, trial: int, arm: Arm, epochs: int) -> None:
        """Take in that a trial is under way, which is to train for so many epochs."""
        self._number(trial, arm)
        self._begun[arm] += 1
        self._charge(trial, epochs)

    def go_on(self, trial: int, epochs: int) -> None:
        """Take in that a trial trains on, until it has had so many epochs in all."""
        self._charge(trial, max(epochs, self._charged[trial]))

    def num_to_begin(self, arm: Arm) -> int:
        """Return how many trials of the search there will be, or of an arm used up."""
        return self._begun[arm] if arm in self._used_up else self.config.trials

    def tell(self, record: TrialRecord) -> None:
        """Let the arm of a finished trial, and no other, learn from it."""
        self._charge(record.trial, charged_epochs(record, self.config))
        self._proposers[record.arm].tell(record)

    def seed(self, trial: int) -> int:
        """Return a trial's own seed, the same whatever ran before it.

        The search's are those that it would have without a baseline.
        """
        arm = self.arm_of[trial]
        others = bisect_left(self._random_numbers, trial)
        if arm == "random":
            return derived_seed(f"{self.config.seed}/random/{others}")
        return trial_seed(self.config.seed, trial - others)

    def _charge(self, trial: int, epochs: int) -> None:
        """Count so many epochs in all for a trial."""
        self._epochs[self.arm_of[trial]] += epochs - self._charged.get(trial, 0)
        self._charged[trial] = epochs

    def _number(self, trial: int, arm: Arm) -> None:
        if trial not in self.arm_of and arm == "random":
            insort(self._random_numbers, trial)
        self.arm_of[trial] = arm


def trial_seed(seed: int, trial: int) -> int:
    """Return the seed of a trial of the search."""
    return derived_seed(f"{seed}/{trial}")


def derived_seed(text: str) -> int:
    """Return a seed of 32 bits that is as good as random for each text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
