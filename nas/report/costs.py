"""What a network costs, as axes of the front: its size, its work, its time."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from nas.errors import ConfigError, unknown
from nas.records import TrialRecord
from nas.report.human import compact, human

ACCURACY: Final = "accuracy"


@dataclass(frozen=True, slots=True, kw_only=True)
class CostAxis:
    """Something that a search minimises while it maximises accuracy.

    Args:
        name: in ``--objectives``.
        title: what it is called.
        unit: stands behind a value.
        finest: the smallest step of an axis that is worth a tick.
        of: returns a trial's value, None where it is not known.
        write: returns a value as people read it, without its unit.
        tick: returns a round value, short.
    """

    name: str
    title: str
    unit: str
    finest: float
    of: Callable[[TrialRecord], float | None]
    write: Callable[[float], str]
    tick: Callable[[float], str]

    @property
    def label(self) -> str:
        """What stands over a column, and along an axis."""
        return self.title if self.unit == self.title else f"{self.title} in {self.unit}"

    def phrase(self, value: float) -> str:
        """Return a value with its unit: '12,345 parameters'."""
        return f"{self.write(value)} {self.unit}"


def _milliseconds(value: float) -> str:
    return f"{value:.3g}"


def _latency(record: TrialRecord) -> float | None:
    return None if record.latency is None else record.latency.median_ms


COSTS: Final = {
    axis.name: axis
    for axis in (
        CostAxis(
            name="params",
            title="parameters",
            unit="parameters",
            finest=1,
            of=lambda record: record.params,
            write=lambda value: f"{round(value):,}",
            tick=lambda value: compact(round(value)),
        ),
        CostAxis(
            name="macs",
            title="MACs",
            unit="MACs",
            finest=1,
            of=lambda record: record.macs,
            write=lambda value: human(round(value)),
            tick=lambda value: compact(round(value)),
        ),
        CostAxis(
            name="latency",
            title="latency",
            unit="ms",
            finest=0.001,
            of=_latency,
            write=_milliseconds,
            tick=_milliseconds,
        ),
    )
}
"""Everything that a network may cost, by name."""

OBJECTIVES: Final = (ACCURACY, *COSTS)

PARAMS: Final = COSTS["params"]
SIZE: Final = (PARAMS,)
"""What a search minimises unless it is told otherwise."""


def costs_of(objectives: Sequence[str]) -> tuple[CostAxis, ...]:
    """Return the costs among the objectives of a search, in their order.

    Raises:
        ConfigError: when they are not accuracy and at least one cost, each once.
    """
    for name in objectives:
        if name not in OBJECTIVES:
            raise ConfigError(f"objectives hold an {unknown('name', name, OBJECTIVES)}")
    for name in objectives:
        if objectives.count(name) > 1:
            raise ConfigError(
                f"objectives must differ from each other; got {name!r} twice"
            )
    costs = tuple(COSTS[name] for name in objectives if name != ACCURACY)
    if ACCURACY not in objectives:
        given = ",".join(objectives)
        raise ConfigError(
            "objectives must have accuracy among them, or the cheapest network wins "
            f"alone; got {given!r}; write accuracy,{given or PARAMS.name}"
        )
    if not costs:
        raise ConfigError(
            f"objectives must name a cost beside accuracy: {' or '.join(COSTS)}; "
            f"got {ACCURACY!r}; write {ACCURACY},{PARAMS.name}"
        )
    return costs


def titles(costs: Sequence[CostAxis]) -> str:
    """Return costs in words: 'size', 'MACs', 'parameters and MACs'."""
    if tuple(costs) == SIZE:
        return "size"
    *before, last = (cost.title for cost in costs)
    return f"{', '.join(before)} and {last}" if before else last


def values(record: TrialRecord, costs: Iterable[CostAxis]) -> tuple[float, ...]:
    """Return a trial's costs, which all are known."""
    found = tuple(cost.of(record) for cost in costs)
    assert None not in found, f"trial {record.trial} has no {found}"
    return found  # type: ignore[return-value]
