"""The area that trials dominate: accuracy over the log of a cost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from nas.records import TrialRecord
from nas.report.costs import PARAMS, CostAxis
from nas.report.front import Front, pareto_front


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The point that hypervolumes are measured from; ``name`` says what it is.

    Nothing of at most ``accuracy``, in [0, 1], or that costs at least ``most`` counts.
    """

    accuracy: float
    most: float
    name: str
    cost: CostAxis = PARAMS

    def to_json(self) -> dict[str, Any]:
        """Return the reference as plain JSON data."""
        return {
            "accuracy": self.accuracy,
            self.cost.name: self.most,
            "name": self.name,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where an arm stood after a trial: trials and epochs so far, its hypervolume."""

    trials: int
    epochs: int
    seconds: float
    hypervolume: float


def hypervolume(
    points: Iterable[tuple[float, float]], accuracy: float, size: float
) -> float:
    """Return the area over (log size, accuracy) that points dominate.

    Args:
        points: pairs of an accuracy and a size.
        accuracy: that of the reference point.
        size: that of the reference point.

    Returns:
        Unit of accuracy times natural log of size.
    """
    area, begin, best = 0.0, log(size), accuracy
    for reached, at in sorted(points, key=lambda point: (point[1], -point[0])):
        if at >= size:
            break
        if reached > best:
            area += max(log(at) - begin, 0.0) * (best - accuracy)
            begin, best = log(at), reached
    return area + max(log(size) - begin, 0.0) * (best - accuracy)


def dominated(records: Iterable[TrialRecord], reference: Reference) -> float:
    """Return the hypervolume of trials; those without an accuracy add nothing."""
    cost = reference.cost
    points = [
        (record.accuracy, float(at))
        for record in pareto_front(records, (cost,))
        if record.accuracy is not None and (at := cost.of(record)) is not None
    ]
    return hypervolume(points, reference.accuracy, reference.most)


def course(records: Iterable[TrialRecord], reference: Reference) -> tuple[Step, ...]:
    """Return the hypervolume after each trial, see `in_turn`."""
    front = Front(costs=(reference.cost,))
    steps: list[Step] = []
    epochs, seconds, reached = 0, 0.0, 0.0
    for number, record in enumerate(in_turn(records), 1):
        epochs += record.trained_epochs
        seconds += record.seconds
        if front.insert(record):
            reached = dominated(front, reference)
        steps.append(
            Step(trials=number, epochs=epochs, seconds=seconds, hypervolume=reached)
        )
    return tuple(steps)


def in_turn(records: Iterable[TrialRecord]) -> list[TrialRecord]:
    """Return trials in the order of their numbers.

    Where some were stopped early, it is the order of their ends: a trial that paused
    and went on has its result long after its number came up.
    """
    ordered = sorted(records, key=lambda record: record.trial)
    if any(record.status == "stopped" for record in ordered):
        ordered.sort(key=lambda record: record.finished)
    return ordered


def reference_point(
    records: Sequence[TrialRecord],
    facts: Mapping[str, Any],
    max_params: int,
    objective: str,
    cost: CostAxis = PARAMS,
) -> Reference:
    """Return the reference point of a run: known before any training, if it can be.

    Its size is twice the budget, so that what is near the budget counts; of a cost
    without a budget it is twice the most that a trial has. Its accuracy is that of a
    linear model on the pixels, for what is worse is worth nothing; where no trial beats
    that, that of guessing.

    Args:
        records: of all arms.
        facts: about the data; runs of old have none on linear models.
        max_params: the budget.
        objective: the kind of accuracy.
        cost: what hypervolumes go by.
    """
    most: float
    known, most, twice = facts.get("baselines", {}), 2 * max_params, "the budget"
    if cost != PARAMS:
        found = [at for record in records if (at := cost.of(record)) is not None]
        most, twice = 2 * max(found, default=1), f"the most {cost.title} of a trial"
    kind = objective.replace("-", "_")
    front = pareto_front(records, (cost,))
    best = max((record.accuracy or 0.0 for record in front), default=0)
    for name, words in (
        ("linear", "a linear model's accuracy"),
        ("majority", "accuracy of guessing"),
    ):
        if name in known and known[name][kind] < best:
            at = known[name][kind]
            name = f"{words}, twice {twice}"
            return Reference(accuracy=at, most=most, name=name, cost=cost)
    name = f"no accuracy, twice {twice}"
    return Reference(accuracy=0.0, most=most, name=name, cost=cost)
