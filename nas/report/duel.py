"""One run against another: at every size, and as searches."""

from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any, Final

from nas.errors import counted
from nas.report.judged import RepeatFacts

_LEVEL: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The most accurate network of a run up to a size."""

    trial: int
    accuracy: float
    params: int
    repeats: RepeatFacts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """How far two runs are apart at a size: the first one's accuracy less the other's.

    ``low`` to ``high`` is Welch's 95 % interval of the difference of the means, None
    unless both networks have repeats that differ.
    """

    most: int
    ours: Best | None
    theirs: Best | None

    @property
    def difference(self) -> float | None:
        """The difference, in [-1, 1]."""
        if self.ours is None or self.theirs is None:
            return None
        return self.ours.accuracy - self.theirs.accuracy

    @property
    def half(self) -> float | None:
        """Half the width of the interval."""
        ours, theirs = self.ours, self.theirs
        if ours is None or theirs is None:
            return None
        return half_of_difference(ours.repeats, theirs.repeats)

    def to_json(self) -> dict[str, Any]:
        """Return the gap as plain JSON data."""
        gap, half = self.difference, self.half
        known = gap is not None and half is not None
        return {
            "max_params": self.most,
            "ours": None if self.ours is None else asdict(self.ours),
            "theirs": None if self.theirs is None else asdict(self.theirs),
            "difference": gap,
            "low": gap - half if known else None,  # type: ignore[operator]
            "high": gap + half if known else None,  # type: ignore[operator]
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel:
    """The first run against another one.

    ``ours`` and ``theirs`` are the hypervolumes after as many trials of each, or after
    as many epochs where trainings had different numbers of these. ``chance`` is as in
    `nas.report.Comparison`, None in the latter case. ``untried`` are those of the two
    that have no trial yet.
    """

    name: str
    other: str
    trials: int
    epochs: int
    ours: float
    theirs: float
    chance: float | None
    gaps: tuple[Gap, ...]
    untried: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """What is established about the two searches, in a sentence or two."""
        figures = f"hypervolume {self.ours:.4g} against {self.theirs:.4g}"
        if self.untried:
            return (
                f"Nothing to compare yet: no trial of {' or '.join(self.untried)} has "
                "come to its end."
            )
        if not self.ours and not self.theirs:
            return (
                f"Nothing to compare after {counted(self.trials, 'trial')} each: "
                "neither has passed the reference point."
            )
        if self.chance is None:
            return (
                f"After {counted(self.epochs, 'epoch')} each: {figures}. Trainings "
                "had different numbers of epochs, so how much of that is chance is not "
                "known."
            )
        percent = 100 * self.chance
        odds = f"{percent:.2g} %" if percent < 10 else f"{percent:.0f} %"
        after = f"after {counted(self.trials, 'trial')} each: {figures}"
        shuffled = f"shuffled trials differ at least as much in {odds} of cases"
        if self.chance > _LEVEL:
            return (
                f"{self.name} and {self.other} cannot be told apart {after}; "
                f"{shuffled}."
            )
        ahead, behind = self.name, self.other
        if self.ours < self.theirs:
            ahead, behind = behind, ahead
        return (
            f"{ahead} is ahead of {behind} by more than chance explains {after}; "
            f"{shuffled}. How other seeds would do is not known from one search each."
        )

    def to_json(self) -> dict[str, Any]:
        """Return the duel as plain JSON data."""
        return {
            "against": self.other,
            "same": {"trials": self.trials, "epochs": self.epochs},
            "hypervolumes": [self.ours, self.theirs],
            "chance": self.chance,
            "verdict": self.verdict,
            "sizes": [gap.to_json() for gap in self.gaps],
        }


def half_of_difference(
    one: RepeatFacts | None, other: RepeatFacts | None
) -> float | None:
    """Return half of Welch's 95 % interval of a difference of means.

    None unless both have several repeats that are not all equal.
    """
    if one is None or other is None or not one.std or not other.std:
        return None
    from scipy.special import stdtrit

    parts = [facts.std**2 / facts.complete for facts in (one, other) if facts.std]
    freedom = sum(parts) ** 2 / sum(
        part**2 / (facts.complete - 1)
        for part, facts in zip(parts, (one, other), strict=True)
    )
    return float(stdtrit(freedom, 0.975)) * sqrt(sum(parts))
