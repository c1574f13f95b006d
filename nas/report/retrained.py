"""What the last trainings say: who is how good on the test split, and who differs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from math import sqrt
from statistics import fmean
from typing import Any, Final

from nas.drawing import compact
from nas.errors import counted
from nas.report.blocks import SeedBlocks, holm
from nas.report.costs import PARAMS
from nas.report.intervals import Spread, kendall, spread
from nas.retraining import Protocol

APART: Final = 0.05
"""Two networks count as different if chance alone does so in fewer cases than this."""

_FEW_SEEDS: Final = 5
"""With fewer, hardly anything can be told apart."""

_RANKED: Final = 3
"""A rank correlation needs so many members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A network that was retrained: a trial of the search, or a known network.

    ``searched`` is the accuracy on the validation split by which the search has judged
    a trial. ``size`` is what it stands for in comparisons: the parameters that its
    widths were scaled to stay under, or those that it has. ``reached`` has the
    accuracies on the test split by the numbers of their seeds, ``validated`` those on
    the validation split, where it was held out.
    """

    name: str
    trial: int | None
    params: int
    size: int
    macs: int
    costs: tuple[float, ...] | None
    """What the search minimises, None where that is not known of it."""
    epochs: int
    searched: float | None
    reached: Mapping[int, float]
    validated: Mapping[int, float]
    failed: int
    quantized: Mapping[int, float] = field(default_factory=dict)
    """Accuracies on the test split in 8-bit integers, by the numbers of their seeds."""
    num_bytes: float | None = None
    """Of the weights' file."""
    quantized_bytes: float | None = None
    """Of the file in 8-bit integers, on average over the seeds."""

    @property
    def lost(self) -> float | None:
        """The accuracy that 8-bit integers cost, on average over the seeds."""
        both = self.reached.keys() & self.quantized.keys()
        if not both:
            return None
        return fmean(self.reached[seed] - self.quantized[seed] for seed in both)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An entrant with what its trainings say.

    ``on_front`` tells whether no other entrant beats it in mean accuracy and what the
    search minimises, which is size unless it was asked for something else; ``alike``
    names those that it was compared with and cannot be told apart from.
    """

    entrant: Entrant
    spread: Spread | None
    on_front: bool
    alike: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the standing as plain JSON data."""
        entrant = asdict(self.entrant)
        found = {} if self.spread is None else asdict(self.spread)
        found.pop("number", None)
        return {
            **entrant,
            **found,
            "int8_lost": self.entrant.lost,
            "on_front": self.on_front,
            "not_told_apart_from": list(self.alike),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two entrants compared over the seeds, see `SeedBlocks`.

    ``p`` is adjusted for the number of pairs (Holm): of trials among themselves, or of
    known networks, each with the best trial of its size. None where that cannot be
    said.
    """

    one: str
    other: str
    p: float | None

    @property
    def apart(self) -> bool:
        """Whether chance alone hardly explains the difference."""
        return self.p is not None and self.p < APART


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """All entrants that were trained by one protocol, smallest first.

    ``kind`` is that of all accuracies, "accuracy" or "balanced accuracy".

    ``gap`` is how much higher the search's accuracies were than those on the test
    split, on average over the trials, and ``luck`` the part of it that is there on the
    validation images, too: None where that cannot be said. ``rank_correlation`` is
    Kendall's tau of both.
    """

    protocol: Protocol
    costs: tuple[str, ...]
    kind: str
    standings: tuple[Standing, ...]
    pairs: tuple[Pair, ...]
    images: int
    gap: float | None
    luck: float | None
    rank_correlation: float | None

    def lines(self) -> tuple[str, ...]:
        """Return in words what the numbers say."""
        return (*_versus(self), *_notes(self))

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON data."""
        return {
            "epochs": self.protocol.epochs,
            "use_validation": self.protocol.use_validation,
            "test_images": self.images,
            "costs": list(self.costs),
            "kind": self.kind,
            "networks": [standing.to_json() for standing in self.standings],
            "pairs": [asdict(pair) for pair in self.pairs],
            "gap": self.gap,
            "luck": self.luck,
            "rank_correlation": self.rank_correlation,
            "lines": list(self.lines()),
        }


def contest(
    protocol: Protocol,
    entrants: Sequence[Entrant],
    test_images: int,
    costs: tuple[str, ...] = (PARAMS.name,),
    kind: str = "accuracy",
) -> Contest:
    """Return what trainings by one protocol say.

    Args:
        protocol: by which all were trained.
        entrants: in any order.
        test_images: in the test split.
        costs: the names of what the search minimises, as in the entrants.
        kind: of accuracy, such as "balanced accuracy".
    """
    entrants = sorted(entrants, key=lambda e: (e.params, e.name))
    spreads = {e.name: spread(list(e.reached.values())) for e in entrants if e.reached}
    blocks = SeedBlocks({e.name: e.reached for e in entrants}, test_images)
    trials = [e.name for e in entrants if e.trial is not None and e.name in spreads]
    versus = [
        (entrant.name, rival)
        for entrant in entrants
        if entrant.trial is None
        and (rival := _rival(entrant, entrants, spreads)) is not None
    ]
    pairs = (*_pairs(combinations(trials, 2), blocks), *_pairs(versus, blocks))
    front = _front(entrants, spreads)
    standings = tuple(
        Standing(
            entrant=entrant,
            spread=spreads.get(entrant.name),
            on_front=entrant.name in front,
            alike=tuple(_alike(entrant.name, pairs)),
        )
        for entrant in entrants
    )
    own = [
        (e.searched, spreads[e.name].mean, e)
        for e in entrants
        if e.searched is not None and e.name in spreads
    ]
    gap = None
    if own and protocol == Protocol():  # others are better trained, or on more images
        gap = fmean(searched - mean for searched, mean, _ in own)
    luck = None
    if gap is not None and all(e.validated for _, _, e in own):
        luck = fmean(searched - fmean(e.validated.values()) for searched, _, e in own)
    ranked = None
    if len(own) >= _RANKED:
        ranked = kendall([s for s, _, _ in own], [mean for _, mean, _ in own])
    return Contest(
        protocol=protocol,
        costs=costs,
        kind=kind,
        standings=standings,
        pairs=pairs,
        images=test_images,
        gap=gap,
        luck=luck,
        rank_correlation=ranked,
    )


def _pairs(named: Iterable[tuple[str, str]], blocks: SeedBlocks) -> tuple[Pair, ...]:
    found = [(one, other, blocks.p_value(one, other)) for one, other in named]
    adjusted = iter(holm(p for *_, p in found if p is not None))
    return tuple(
        Pair(one=one, other=other, p=None if p is None else next(adjusted))
        for one, other, p in found
    )


def _rival(
    known: Entrant, entrants: Sequence[Entrant], spreads: Mapping[str, Spread]
) -> str | None:
    """Return the trial of at most a known network's size that the search holds best.

    Not the one that tests best: to choose by the test would be to choose its luck.
    """
    if known.name not in spreads:
        return None
    trials = [
        (-1.0 if e.searched is None else e.searched, e.name)
        for e in entrants
        if e.trial is not None and e.params <= known.size and e.name in spreads
    ]
    return max(trials)[1] if trials else None


def _alike(name: str, pairs: Sequence[Pair]) -> list[str]:
    return [
        pair.other if pair.one == name else pair.one
        for pair in pairs
        if name in (pair.one, pair.other) and not pair.apart
    ]


def _front(entrants: Sequence[Entrant], spreads: Mapping[str, Spread]) -> set[str]:
    """Return who is not beaten; of equals it is the first."""
    points = [
        (entrant.name, (-spreads[entrant.name].mean, *costs))
        for entrant in entrants
        if entrant.name in spreads and (costs := entrant.costs) is not None
    ]
    return {
        name
        for place, (name, point) in enumerate(points)
        if not any(
            all(theirs <= ours for theirs, ours in zip(other, point, strict=True))
            and (other != point or rank < place)
            for rank, (_, other) in enumerate(points)
            if rank != place
        )
    }


def _versus(found: Contest) -> list[str]:
    """Return a line for each known network: the best trial of its size beside it."""
    lines = []
    standings = {standing.entrant.name: standing for standing in found.standings}
    for known in found.standings:
        entrant = known.entrant
        if entrant.trial is not None or known.spread is None:
            continue
        theirs = f"{entrant.name} ({entrant.params:,}) {_reached(known.spread)}"
        pair = next((p for p in found.pairs if p.one == entrant.name), None)
        if pair is None:
            lines.append(
                f"At {compact(entrant.size)} parameters: {theirs}; no retrained trial "
                "is as small."
            )
            continue
        ours = standings[pair.other]
        assert ours.spread is not None
        if pair.p is None:
            verdict = "that says nothing about the difference"
        elif pair.apart:
            verdict = f"told apart (p = {pair.p:.2g})"
        else:
            verdict = f"not told apart (p = {pair.p:.2g})"
        lines.append(
            f"At {compact(entrant.size)} parameters: ours (trial {ours.entrant.trial}, "
            f"{ours.entrant.params:,}) {_reached(ours.spread)}, {theirs}; {verdict}."
        )
    return lines


def _notes(found: Contest) -> list[str]:
    notes = []
    counts = [s.spread.number for s in found.standings if s.spread]
    best = max((s.spread.mean for s in found.standings if s.spread), default=None)
    if best is not None:
        # Agresti and Coull (1998): right near 100 %, too.
        trials = found.images + 4
        share = (best * found.images + 2) / trials
        half = 1.96 * sqrt(share * (1 - share) / trials)
        images = counted(found.images, "test image")
        if max(counts) > 1:
            seeds = counted(min(counts), "seed")
            notes.append(
                f"± and intervals (95 %) are over {seeds}, on the same {images}."
            )
        if found.kind == "accuracy":
            notes.append(
                f"Other {images.partition(' ')[0]} images would move all accuracies "
                f"by about ±{100 * half:.2f} together."
            )
    if any(pair.p is not None for pair in found.pairs):
        notes.append(
            "Told apart: paired t-test with the seeds as blocks, on log odds, p < "
            f"{APART} after Holm's correction."
        )
    if counts and min(counts) < _FEW_SEEDS and not all(p.apart for p in found.pairs):
        notes.append("More seeds tell more apart: --seeds 5, or 10.")
    if found.gap is not None:
        judged = sum(
            s.entrant.searched is not None and s.spread is not None
            for s in found.standings
        )
        line = (
            f"The search's accuracies of {counted(judged, 'trial')} were "
            f"{100 * abs(found.gap):.2f} points "
            f"{'higher' if found.gap >= 0 else 'lower'} than these, on average"
        )
        if found.luck is not None:
            line += (
                f": {100 * found.luck:+.2f} against retraining on the same validation "
                f"images, {100 * (found.gap - found.luck):+.2f} from those to the test "
                "images"
            )
        notes.append(line + ".")
    if found.rank_correlation is not None:
        notes.append(
            "Rank correlation of the search's accuracies with these (Kendall's tau): "
            f"{found.rank_correlation:.2f}."
        )
    return notes


def _reached(found: Spread) -> str:
    mean = f"{100 * found.mean:.2f}"
    if found.half is None or found.low is None or found.high is None:
        return f"{mean} %"
    if found.low > 0 and found.high < 1:
        return f"{mean} ± {100 * found.half:.2f} %"
    return f"{mean} ({100 * found.low:.2f} to {100 * found.high:.2f}) %"
