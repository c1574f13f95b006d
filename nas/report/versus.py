"""Searches of several runs against each other, measured from one reference point."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from operator import ge, le
from typing import Any

from nas.records import TrialRecord
from nas.report.bands import Band
from nas.report.compare import chance
from nas.report.costs import SIZE, CostAxis, values
from nas.report.duel import Best, Duel, Gap
from nas.report.front import best, pareto_front
from nas.report.hypervolume import Reference, Step, course, in_turn
from nas.report.judged import Repeats, judged, repeat_facts
from nas.report.tables import front_rows


@dataclass(frozen=True, kw_only=True)
class Side:
    """A run in a comparison: the trials that its search has proposed.

    ``records`` have their first results, ``repeats`` those of trials that were trained
    again; ``reference`` is the run's own, ``max_params`` its budget. ``path`` is where
    it lies, for runs elsewhere may have the same name.
    """

    name: str
    path: str
    max_params: int
    records: Sequence[TrialRecord]
    repeats: Repeats
    reference: Reference
    costs: tuple[CostAxis, ...] = SIZE

    @cached_property
    def judged(self) -> list[TrialRecord]:
        """The trials, repeated ones with the mean of their repeats."""
        return judged(self.records, self.repeats)

    @cached_property
    def front(self) -> tuple[TrialRecord, ...]:
        """Those that no other of the run beats."""
        return pareto_front(self.judged, self.costs)

    def best(self, most: int) -> Best | None:
        """Return the most accurate network of at most so many parameters, if any."""
        found = best(self.judged, most, self.costs)
        if found is None:
            return None
        assert found.accuracy is not None
        return Best(
            trial=found.trial,
            accuracy=found.accuracy,
            params=found.params,
            repeats=repeat_facts(self.repeats.get(found.trial, ())),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Versus:
    """Runs against each other; the first one is who the others are compared with.

    ``courses`` are the hypervolumes of each after each of its trials, all from the same
    ``reference``. All have at least so many ``trials`` and ``epochs``; two that are
    compared may have more in common.
    ``differences`` say what the runs were asked otherwise, a line each, and ``notes``
    what must be said beside the numbers.
    """

    sides: tuple[Side, ...]
    reference: Reference
    courses: tuple[tuple[Step, ...], ...]
    trials: int
    epochs: int
    duels: tuple[Duel, ...]
    differences: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def costs(self) -> tuple[CostAxis, ...]:
        """What all of them minimise."""
        return self.sides[0].costs

    def beaten(self, side: Side, record: TrialRecord) -> tuple[Side, int] | None:
        """Return a run and its trial that beats one of a side's front, if any.

        Among several it is the most accurate one.
        """
        found = [
            (other.accuracy or 0.0, rival, other.trial)
            for rival in self.sides
            if rival is not side
            for other in rival.front
            if _beats(other, record, self.costs)
        ]
        if not found:
            return None
        _, rival, trial = max(found, key=lambda one: (one[0], -one[2]))
        return rival, trial

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON data."""
        return {
            "reference": self.reference.to_json(),
            "same": {"trials": self.trials, "epochs": self.epochs},
            "runs": [
                {
                    "name": side.name,
                    "path": side.path,
                    "max_params": side.max_params,
                    "trials": len(side.records),
                    "failed": sum(r.status == "failed" for r in side.records),
                    "epochs": steps[-1].epochs if steps else 0,
                    "hypervolume": after_trials(steps, len(steps)),
                    "hypervolume_at_same_trials": after_trials(steps, self.trials),
                    "hypervolume_at_same_epochs": after_epochs(steps, self.epochs),
                    "front": self._front_json(side),
                }
                for side, steps in zip(self.sides, self.courses, strict=True)
            ],
            "against": [duel.to_json() for duel in self.duels],
            "differences": list(self.differences),
            "notes": list(self.notes),
        }

    def _front_json(self, side: Side) -> list[dict[str, Any]]:
        rows = []
        for row, record in zip(front_rows(side.front), side.front, strict=True):
            rival = self.beaten(side, record)
            by = None if rival is None else {"name": rival[0].name, "trial": rival[1]}
            rows.append(asdict(row) | {"beaten_by": by})
        return rows


def versus(
    sides: Sequence[Side],
    bands: Sequence[Band],
    *,
    differences: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> Versus:
    """Compare the searches of runs, the first one with each of the others.

    Args:
        sides: of the same data and objectives.
        bands: of size; the runs are compared at the upper end of each.
        differences: see `Versus`.
        notes: see `Versus`.
    """
    reference = shared_reference(sides)
    courses = tuple(course(side.records, reference) for side in sides)
    return Versus(
        sides=tuple(sides),
        reference=reference,
        courses=courses,
        trials=min(map(len, courses)),
        epochs=_common_epochs(courses),
        duels=tuple(_duel(sides[0], other, reference, bands) for other in sides[1:]),
        differences=tuple(differences),
        notes=tuple(notes),
    )


def _duel(one: Side, other: Side, reference: Reference, bands: Sequence[Band]) -> Duel:
    """Compare two runs as if there were no others, but for the reference point."""
    pair = (one, other)
    courses = [course(side.records, reference) for side in pair]
    trials, epochs = min(map(len, courses)), _common_epochs(courses)
    done = [r for side in pair for r in side.records if r.status != "failed"]
    alike = len({len(record.curve) for record in done}) <= 1
    ours, theirs = (
        after_trials(steps, trials) if alike else after_epochs(steps, epochs)
        for steps in courses
    )
    first, second = (in_turn(side.records)[:trials] for side in pair)
    return Duel(
        name=one.name,
        other=other.name,
        trials=trials,
        epochs=epochs,
        ours=ours,
        theirs=theirs,
        chance=chance(first, second, reference) if alike and trials else None,
        gaps=tuple(_gap(one, other, band.high) for band in bands),
        untried=tuple(side.name for side in pair if not side.records),
    )


def _common_epochs(courses: Sequence[Sequence[Step]]) -> int:
    """Return the epochs that every run has had."""
    return min(steps[-1].epochs if steps else 0 for steps in courses)


def _gap(one: Side, other: Side, most: int) -> Gap:
    return Gap(most=most, ours=one.best(most), theirs=other.best(most))


def shared_reference(sides: Sequence[Side]) -> Reference:
    """Return the worst of the runs' own reference points, in either direction.

    So whatever counts in a run's own report counts here, too.
    """
    worst = min((side.reference for side in sides), key=lambda at: at.accuracy)
    widest = max((side.reference for side in sides), key=lambda at: at.most)
    accuracy, most = worst.name.partition(", ")[0], widest.name.rpartition(", ")[2]
    if any(side.reference.most < widest.most for side in sides):
        most += " of the run where that is more"
    return Reference(
        accuracy=worst.accuracy,
        most=widest.most,
        name=f"{accuracy}, {most}",
        cost=widest.cost,
    )


def after_trials(steps: Sequence[Step], trials: int) -> float:
    """Return the hypervolume after so many trials, of which there are enough."""
    return steps[trials - 1].hypervolume if trials else 0.0


def after_epochs(steps: Sequence[Step], epochs: int) -> float:
    """Return the hypervolume of the trials that took at most so many epochs."""
    return max((s.hypervolume for s in steps if s.epochs <= epochs), default=0.0)


def _beats(one: TrialRecord, other: TrialRecord, costs: Sequence[CostAxis]) -> bool:
    """Tell whether one is nowhere worse than the other, and somewhere better."""
    assert one.accuracy is not None
    assert other.accuracy is not None
    spent, also = values(one, costs), values(other, costs)
    if not all(map(le, spent, also)) or not ge(one.accuracy, other.accuracy):
        return False
    return spent != also or one.accuracy != other.accuracy
