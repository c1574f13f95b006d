"""How far results can be trusted, as plain data that land in the run folder."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, get_args

from nas.records import Reason, Status
from nas.rules import (
    FINITE,
    NUMBER,
    PART,
    POSITIVE,
    TEXT,
    Rule,
    check,
    is_time,
    one_of,
    several,
    tuple_of,
    whole,
)

_REPEAT: Final = {
    "trial": whole(),
    "number": whole(2),
    "status": one_of(*get_args(Status)),
    "seconds": POSITIVE,
    "accuracy": PART.or_none(),
    "loss": NUMBER.or_none(),
    "curve": several(PART),
    "seed": whole(),
    "device": TEXT,
    "error": TEXT.or_none(),
    "reason": one_of(*get_args(Reason)).or_none(),
    "batch_size": whole(1).or_none(),
    "finished": Rule("a time in ISO 8601", is_time),
}
_BELIEFS: Final = {
    "trials": whole(),
    "repeats": whole(),
    "noise": FINITE,
    "ahead": several(tuple_of(whole(), whole(), PART)),
}
_BELIEF: Final = {
    "trial": whole(),
    **dict.fromkeys(("accuracy", "low", "high", "on_front"), PART),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A trial's network trained once more, from another seed.

    ``number`` counts from 2 on, for the first training is the trial itself. Everything
    else is as in ``TrialRecord``.
    """

    trial: int
    number: int
    status: Status
    seconds: float
    accuracy: float | None
    loss: float | None
    curve: tuple[float, ...]
    seed: int
    device: str
    error: str | None
    reason: Reason | None
    batch_size: int | None
    finished: str

    def to_json(self) -> dict[str, Any]:
        """Return the repeat as plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Repeat":
        """Return the repeat that ``to_json`` wrote.

        Raises:
            RunError: naming a field that it did not write.
        """
        check(data, _REPEAT)
        return cls(**{**data, "curve": tuple(data["curve"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """What a model of all trials thinks of one of them.

    ``accuracy`` is the median of what its network reaches on average over seeds, from
    ``low`` to ``high`` is where that lies with a probability of 95 %, all in [0, 1].
    ``on_front`` is the probability that no trained network that costs no more is more
    accurate on average.
    """

    trial: int
    accuracy: float
    low: float
    high: float
    on_front: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Beliefs:
    """What a model of all trials thinks of them.

    ``trials`` and ``repeats`` are the complete ones that it was made from. ``noise`` is
    the standard deviation of the log error of a single training. ``ahead`` has, for
    two trials of the front, the probability that the first is the more accurate one on
    average; the first has been so in the search.
    """

    trials: int
    repeats: int
    noise: float
    beliefs: tuple[Belief, ...]
    ahead: tuple[tuple[int, int, float], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the beliefs as plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Beliefs":
        """Return the beliefs that ``to_json`` wrote.

        Raises:
            RunError: naming a field that it did not write.
        """
        check(data, _BELIEFS)
        for belief in data["beliefs"]:
            check(belief, _BELIEF)
        return cls(
            trials=data["trials"],
            repeats=data["repeats"],
            noise=data["noise"],
            beliefs=tuple(Belief(**belief) for belief in data["beliefs"]),
            ahead=tuple((one, other, p) for one, other, p in data["ahead"]),
        )
