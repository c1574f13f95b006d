"""The front as rows of plain data: for the terminal, CSV and JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite

from nas.arch import (
    Aggregation,
    Architecture,
    CustomAggregation,
    CustomUnit,
    Gene,
    Unit,
)
from nas.records import TrialRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontRow:
    """One trial of the front; ``accuracy`` is that on the validation split, in [0, 1].

    That of a repeated trial is the mean of its repeats.

    The texts have a word for each block: ``aggregations`` "sum concat tree", ``units``
    "basic separable basic", ``depths`` "2 3 4" and ``widths`` "16 24 40". ``recipe`` is
    what the trial has of its own, "lr=0.12 augment=light", and empty where the space
    holds no recipes; ``recipe_hash`` is the hash of that.
    """

    trial: int
    accuracy: float
    params: int
    macs: int
    aggregations: str
    units: str
    depths: str
    widths: str
    epochs: int
    seconds: float
    loss: float | None
    seed: int
    device: str
    hash: str
    recipe: str
    recipe_hash: str
    finished: str
    arm: str


def front_rows(front: Iterable[TrialRecord]) -> tuple[FrontRow, ...]:
    """Return a row for each trial of a front."""
    return tuple(_row(record) for record in front)


def recipe_text(recipe: Mapping[str, Gene]) -> str:
    """Return some of a recipe's fields in a line: 'lr=0.12 augment=light'."""
    return " ".join(f"{name}={_short(value)}" for name, value in recipe.items())


def _short(value: Gene) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def aggregation_names(architecture: Architecture) -> tuple[str, ...]:
    """Return the short name of each block's aggregation.

    That is chain, sum, concat or tree, or the class of a custom one.
    """
    return tuple(_name(block.aggregation) for block in architecture.blocks)


def short_name(kind: str) -> str:
    """Return what a kind of aggregation is called in tables."""
    return "tree" if kind == "hierarchical" else kind


def _name(part: Aggregation | Unit) -> str:
    if isinstance(part, CustomAggregation | CustomUnit):
        return part.name
    return short_name(part.kind)


def _row(record: TrialRecord) -> FrontRow:
    assert record.accuracy is not None, "a trial on the front has an accuracy"
    blocks = record.architecture.blocks
    loss = record.loss
    return FrontRow(
        trial=record.trial,
        accuracy=record.accuracy,
        params=record.params,
        macs=record.macs,
        aggregations=" ".join(aggregation_names(record.architecture)),
        units=" ".join(_name(block.unit) for block in blocks),
        depths=" ".join(str(block.depth) for block in blocks),
        widths=" ".join(str(block.width) for block in blocks),
        epochs=len(record.curve),
        seconds=record.seconds,
        loss=loss if loss is not None and isfinite(loss) else None,
        seed=record.seed,
        device=record.device,
        hash=record.hash,
        recipe=recipe_text(record.recipe),
        recipe_hash=record.recipe_hash,
        finished=record.finished,
        arm=record.arm,
    )
