"""Why the winners win, in numbers; `nas.report.explain` finds them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from nas.report.bands import Band


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """How much of the variance of accuracy *given size* goes by a gene, in [0, 1].

    ``low`` to ``high`` is its 90 % interval; ``trials`` had the gene in use. It is
    ``established`` where it is more than chance alone would give to any gene.
    """

    gene: str
    value: float
    low: float
    high: float
    trials: int
    established: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregationEffect:
    """How much more accurate networks are with one aggregation than with another.

    ``block`` is the position from 1, None for all of them together; ``band`` is the
    size band, None for all sizes. ``difference`` is the mean accuracy with ``one``
    minus that with ``other`` at equal size, in [-1, 1]; ``low`` to ``high`` is its
    bootstrap interval. All three are None where there are too few trials to say.
    ``trials_one`` and ``trials_other`` tell how many trials are behind it: of all
    blocks, those of the block where fewest are. Where it is not established, it takes
    about ``trials_needed`` complete trials to establish it in four of five runs, if it
    is what it looks like.
    """

    block: int | None
    band: Band | None
    one: str
    other: str
    difference: float | None
    low: float | None
    high: float | None
    trials_one: int
    trials_other: int
    trials_needed: int | None = None

    @property
    def established(self) -> bool:
        """Whether the interval leaves out no difference at all."""
        if self.low is None or self.high is None:
            return False
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What accuracy at a given size goes by, among the complete trials of a run.

    ``importances`` come most important first, found by ``method``. ``words`` is one
    paragraph: what is established, what is not, what to run to know. ``notes`` are
    reservations, a sentence each.
    """

    trials: int
    method: str
    importances: tuple[Importance, ...]
    effects: tuple[AggregationEffect, ...]
    bands: tuple[Band, ...]
    words: str
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the explanation as plain JSON data."""
        written = [
            {**asdict(effect), "established": effect.established}
            for effect in self.effects
        ]
        return {**asdict(self), "effects": written}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Explanation":
        """Return the explanation that ``to_json`` wrote."""

        def effect(given: Mapping[str, Any]) -> AggregationEffect:
            known = {key: v for key, v in given.items() if key != "established"}
            band = known.pop("band")
            return AggregationEffect(
                **known, band=None if band is None else Band(**band)
            )

        return cls(
            trials=data["trials"],
            method=data["method"],
            importances=tuple(Importance(**given) for given in data["importances"]),
            effects=tuple(map(effect, data["effects"])),
            bands=tuple(Band(**given) for given in data["bands"]),
            words=data["words"],
            notes=tuple(data["notes"]),
        )
