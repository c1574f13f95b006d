"""A run in numbers that say how far they can be trusted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from nas.arch import to_json
from nas.noise import Belief, Beliefs
from nas.records import TrialRecord
from nas.report.compare import Comparison, compare
from nas.report.costs import COSTS, SIZE, CostAxis
from nas.report.front import has_accuracy, is_compared, pareto_front
from nas.report.hypervolume import Reference, Step, course
from nas.report.judged import RepeatFacts, Repeats, judged, repeat_facts
from nas.report.tables import FrontRow, front_rows

TOLD_APART: Final = 0.95
"""Probability from which two networks of the front count as different."""

_LIKELY: Final = 0.2
"""Probability from which a trial beside the front is named."""

FEW_TRIALS: Final = 50
"""Under so many, and without repeats, the model's noise is mostly its prior."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certainty:
    """How sure the accuracy of a trial of the front is.

    ``first`` is the result it was chosen for, ``repeats`` what further trainings came
    to, ``belief`` what a model of all trials thinks of it, and ``not_told_apart`` has
    the trials of the front that are less accurate and that it may well not beat, if
    that model is right.
    """

    trial: int
    first: float
    repeats: RepeatFacts | None
    belief: Belief | None
    not_told_apart: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmFacts:
    """What an arm came to: its front, and where it stood after each of its trials."""

    front: tuple[TrialRecord, ...]
    steps: tuple[Step, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the facts as plain JSON data."""
        return {
            **asdict(self.steps[-1]),
            "front": [record.trial for record in self.front],
            "hypervolume_after": [step.hypervolume for step in self.steps],
            "epochs_after": [step.epochs for step in self.steps],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The front with what is known about its noise, and its hypervolume.

    The front goes by all ``costs`` of the search, the hypervolume by the first of them.
    ``records`` are all trials, repeated ones with the mean of their repeats; ``front``
    is theirs. ``arms`` has what each arm came to by the first results of its trials.
    ``beside`` has trials that are not on the front and well may belong there, with the
    probability. ``noise`` is the standard deviation of one training's log error.
    """

    records: tuple[TrialRecord, ...]
    front: tuple[TrialRecord, ...]
    certainties: tuple[Certainty, ...]
    beside: tuple[tuple[int, float], ...]
    noise: float | None
    notes: tuple[str, ...]
    reference: Reference
    arms: Mapping[str, ArmFacts]
    comparison: Comparison | None
    costs: tuple[CostAxis, ...] = SIZE

    def rows(self) -> tuple[FrontRow, ...]:
        """Return the rows of the front."""
        return front_rows(self.front)

    def front_json(self) -> list[dict[str, Any]]:
        """Return the front as plain JSON data, each trial with all that is known."""
        return [
            asdict(row)
            | {"recipe": record.recipe}
            | {"architecture": to_json(record.architecture)}
            | {"certainty": asdict(certainty)}
            for row, record, certainty in zip(
                self.rows(), self.front, self.certainties, strict=True
            )
        ]

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON data."""
        return {
            "trials": len(self.records),
            "failed": sum(record.status == "failed" for record in self.records),
            "stopped": sum(record.status == "stopped" for record in self.records),
            **({} if self.costs == SIZE else {"costs": [c.name for c in self.costs]}),
            "reference": self.reference.to_json(),
            "arms": {name: arm.to_json() for name, arm in self.arms.items()},
            "comparison": None
            if (found := self.comparison) is None
            else {
                "difference": found.difference,
                "chance": found.chance,
                "caught_up": found.caught_up,
                "verdict": found.verdict,
            },
            "noise": self.noise,
            "notes": list(self.notes),
            "beside": [{"trial": t, "on_front": p} for t, p in self.beside],
            "front": self.front_json(),
        }


def summarize(
    records: Sequence[TrialRecord],
    reference: Reference,
    repeats: Repeats,
    beliefs: Beliefs | None,
    costs: tuple[CostAxis, ...] = SIZE,
) -> Summary:
    """Return what a run has come to.

    Args:
        records: every finished trial, failed ones included.
        reference: what hypervolumes are measured from.
        repeats: those of each trial that has any.
        beliefs: of a model of just these results, if there are any.
        costs: what the search minimised.
    """
    now = judged(records, repeats)
    front = pareto_front(now, costs)
    first = {record.trial: record.accuracy for record in records}
    certainties = []
    for record in front:
        accuracy = first[record.trial]
        assert accuracy is not None
        certainties.append(_certainty(record.trial, accuracy, front, repeats, beliefs))
    members = {record.trial for record in front}
    arms = sorted({record.arm for record in records}, key=("search", "random").index)
    return Summary(
        records=tuple(now),
        front=front,
        certainties=tuple(certainties),
        beside=()
        if beliefs is None
        else tuple(
            (belief.trial, belief.on_front)
            for belief in sorted(beliefs.beliefs, key=lambda b: -b.on_front)
            if belief.trial not in members and belief.on_front >= _LIKELY
        ),
        noise=None if beliefs is None else beliefs.noise,
        notes=(
            *_notes(now, certainties, repeats, beliefs),
            *_not_compared(now, costs),
            *_of_different_devices(now, costs),
        ),
        reference=reference,
        arms={
            arm: _arm([r for r in records if r.arm == arm], reference, costs)
            for arm in arms
        },
        comparison=compare(records, reference),
        costs=costs,
    )


def _arm(
    records: Sequence[TrialRecord], reference: Reference, costs: Sequence[CostAxis]
) -> ArmFacts:
    front = pareto_front(records, costs)
    return ArmFacts(front=front, steps=course(records, reference))


def _certainty(
    trial: int,
    first: float,
    front: Sequence[TrialRecord],
    repeats: Repeats,
    beliefs: Beliefs | None,
) -> Certainty:
    members = {record.trial for record in front}
    known = beliefs.beliefs if beliefs else ()
    alike = [
        smaller
        for larger, smaller, probability in (beliefs.ahead if beliefs else ())
        if larger == trial and smaller in members and probability < TOLD_APART
    ]
    return Certainty(
        trial=trial,
        first=first,
        repeats=repeat_facts(repeats.get(trial, ())),
        belief=next((belief for belief in known if belief.trial == trial), None),
        not_told_apart=tuple(alike),
    )


def _not_compared(
    records: Sequence[TrialRecord], costs: Iterable[CostAxis]
) -> Iterator[str]:
    for cost in costs:
        lacking = [
            str(record.trial)
            for record in records
            if has_accuracy(record) and not is_compared(record, (cost,))
        ]
        if lacking:
            s = "" if len(lacking) == 1 else "s"
            yield (
                f"Not on the front, for {cost.title} is not known: "
                f"trial{s} {', '.join(lacking)}."
            )


def _of_different_devices(
    records: Iterable[TrialRecord], costs: Iterable[CostAxis]
) -> Iterator[str]:
    settings = {r.latency.setting for r in records if r.latency is not None}
    if COSTS["latency"] in costs and len(settings) > 1:
        names = sorted({device for device, *_ in settings})
        yield (
            "Latencies were measured in different ways, and do not compare: on "
            f"{' and '.join(names)}."
        )


def _notes(
    records: Sequence[TrialRecord],
    certainties: Sequence[Certainty],
    repeats: Repeats,
    beliefs: Beliefs | None,
) -> list[str]:
    """Return what must be said beside the numbers."""
    notes: list[str] = []
    once = [
        str(c.trial) for c in certainties if c.repeats is None or not c.repeats.complete
    ]
    if not certainties:
        return notes
    if len(once) == len(certainties):
        notes.append(
            "The trials of the front were trained once, and chosen for being high: "
            "expect less of them. 'nas repeat' tells how much."
        )
    else:
        notes.append(
            "Repeated trials stand with the mean of their repeats. The first result is "
            "left out: it was chosen for being high."
        )
        if once:
            s = "" if len(once) == 1 else "s"
            notes.append(
                f"Trained once, and perhaps lucky: trial{s} {', '.join(once)}."
            )
    num_complete = sum(map(has_accuracy, records))
    if beliefs is not None and not repeats and num_complete < FEW_TRIALS:
        notes.append(
            f"The model has seen {num_complete} trials without a repeat: its beliefs "
            "are rough."
        )
    return notes
