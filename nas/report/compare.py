"""What one search beside one random search establishes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nas.records import TrialRecord
from nas.report.front import is_compared
from nas.report.hypervolume import Reference, Step, course

_PERMUTATIONS: Final = 4999
_CELLS: Final = 2_000_000
"""Of the table of permutations that is in memory at once."""

_LEVEL: Final = 0.05

ARMS: Final = ("search", "random")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The courses of both arms, and how easily chance makes such a difference.

    ``chance`` is the share of random splits of all trials into two arms whose
    hypervolumes differ at least as much (a permutation test, two-sided): small where
    the search does not propose like random search. It is None where trials were trained
    for different numbers of epochs: they are no equals then. ``caught_up`` is the
    number of the search's trials until it had the final hypervolume of random search,
    None if never.
    """

    search: tuple[Step, ...]
    random: tuple[Step, ...]
    chance: float | None
    caught_up: int | None

    @property
    def alike(self) -> bool:
        """Whether all trials had as many epochs, so that they can be shuffled."""
        return self.chance is not None

    @property
    def difference(self) -> float:
        """The hypervolume of the search less that of random search."""
        return _final(self.search) - _final(self.random)

    @property
    def verdict(self) -> str:
        """What is established, in a sentence or two."""
        ours, theirs = _final(self.search), _final(self.random)
        figures = f"hypervolume {ours:.4g} against {theirs:.4g}"
        if not theirs and not ours:
            return "Nothing to compare: neither has passed the reference point."
        if self.chance is None:
            return (
                f"After as many epochs: {figures}. Trials were trained for different "
                "numbers of epochs, so how much of that is chance is not known."
            )
        percent = 100 * self.chance
        odds = f"{percent:.2g} %" if percent < 10 else f"{percent:.0f} %"
        if self.chance > _LEVEL:
            return (
                f"Search and random search cannot be told apart here: {figures}; "
                f"shuffled trials differ at least as much in {odds} of cases."
            )
        ahead, behind = "The search", "random search"
        if self.difference < 0:
            ahead, behind = "Random search", "the search"
        return (
            f"{ahead} is ahead of {behind} by more than chance explains: {figures}; "
            f"shuffled trials differ at least as much in {odds} of cases. "
            "How other seeds would do is not known from one search each."
        )


def compare(records: Sequence[TrialRecord], reference: Reference) -> Comparison | None:
    """Compare a run's search with its random search, by the first result of each trial.

    Repeats are left out, for only networks of the front have any.

    Returns:
        None where an arm has no trials.
    """
    arms = {arm: [r for r in records if r.arm == arm] for arm in ARMS}
    if not all(arms.values()):
        return None
    search, random = (course(arms[arm], reference) for arm in ARMS)
    goal = _final(random)
    lengths = {len(r.curve) for r in records if r.status != "failed"}
    caught_up = next((s.trials for s in search if s.hypervolume >= goal), None)
    return Comparison(
        search=search,
        random=random,
        chance=chance(arms["search"], arms["random"], reference)
        if len(lengths) <= 1
        else None,
        caught_up=caught_up if goal else None,
    )


def chance(
    ours: Sequence[TrialRecord], theirs: Sequence[TrialRecord], reference: Reference
) -> float:
    """Return how often shuffled trials differ at least as much in hypervolume.

    That is among random splits of all trials into two parts of the same sizes.
    """
    cost, most = reference.cost, reference.most
    sided = [*((record, True) for record in ours), *((r, False) for r in theirs)]
    sided.sort(key=lambda pair: cost.of(pair[0]) or most)
    trials = [record for record, _ in sided]
    mine = np.array([is_ours for _, is_ours in sided])
    sizes = np.log([min(cost.of(record) or most, most) for record in trials])
    heights = np.array(
        [
            max((record.accuracy or 0.0) - reference.accuracy, 0.0)
            if is_compared(record, (cost,))
            else 0.0
            for record in trials
        ]
    )
    widths = np.diff(sizes, append=np.log(most))

    def differences(chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the differences of hypervolumes for rows (K, N) of arms."""
        ours = np.maximum.accumulate(np.where(chosen, heights, 0.0), axis=1)
        theirs = np.maximum.accumulate(np.where(chosen, 0.0, heights), axis=1)
        return np.asarray((ours - theirs) @ widths)

    # What rounding makes different counts as equal.
    seen = abs(float(differences(mine[None])[0])) * (1 - 1e-9)
    rng = np.random.default_rng(0)
    rows = max(1, _CELLS // len(trials))
    as_large, left = 1, _PERMUTATIONS
    while left:
        some = min(rows, left)
        shuffled = rng.permuted(np.tile(mine, (some, 1)), axis=1)
        as_large += int((np.abs(differences(shuffled)) >= seen).sum())
        left -= some
    return as_large / (1 + _PERMUTATIONS)


def _final(steps: Sequence[Step]) -> float:
    return steps[-1].hypervolume
