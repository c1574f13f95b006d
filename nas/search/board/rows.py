"""HParams, TensorBoard's table of trainings: its columns, and what workers omit."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, Final

from nas.records import (
    AUGMENTATIONS,
    OBJECTIVES,
    OPTIMIZERS,
    PRECISIONS,
    RECIPE_GENES,
    SCHEDULES,
    Recipe,
    TrialRecord,
)
from nas.search.config import SearchConfig
from nas.search.run import RunFolder
from nas.space import BoundSpace, Domain
from nas.space.domains import Choice
from nas.train.event_file import EventFile
from nas.train.hparams import (
    METRICS,
    Column,
    begun,
    choices,
    columns,
    ended,
    metric_tag,
)

_SHOWN: Final = 5
"""Columns that TensorBoard shows unless it is told to show more."""

_FIRST: Final = ("aggregation", "fusion", "unit", "depth", "width")
"""Genes of a network or of a block that are worth a look before others."""

_WORDS: Final = {
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "augment": AUGMENTATIONS,
    "objective": OBJECTIVES,
    "precision": PRECISIONS,
}


def all_columns(space: BoundSpace, config: SearchConfig) -> Any:
    """Return the event that tells all genes of a space, and what trainings come to."""
    genes = {
        name: domain
        for name, domain in space.domains.items()
        if not name.startswith(RECIPE_GENES)
    }
    first = _first(genes)
    of_genes = (_column(name, genes[name], name in first) for name in genes)
    metrics = [
        name
        for name in METRICS
        if name != "latency_ms" or "latency" in config.objectives
    ]
    return columns([*of_genes, *_of_recipe(config.recipe)], metrics)


def complete_row(run: RunFolder, record: TrialRecord, recipe: Recipe) -> None:
    """Tell of a trial what its worker cannot: its latency, and that it was lost.

    Raises:
        OSError: when events cannot be written.
    """
    if record.status != "failed" and record.latency is None:
        return
    file = EventFile(run.trial_path(record.trial), None)
    try:
        if record.latency is not None:
            file.scalars({metric_tag("latency_ms"): record.latency.median_ms})
        if record.status == "failed":
            chosen = choices(record.genes, record.trained_with(recipe))
            # It may have been lost before it began.
            file.summary(begun(chosen, run.row(record.trial)))
            file.summary(ended("failed"))
    finally:
        file.close()


def _first(genes: Mapping[str, Domain]) -> set[str]:
    """Return the genes of the columns that are shown at once."""
    ordered = [
        name
        for kind in _FIRST
        for name in genes
        if name == kind or name.split(".")[1:] == [kind]
    ]
    return set(ordered[:_SHOWN])


def _column(name: str, domain: Domain, first: bool) -> Column:
    if isinstance(domain, Choice):
        return Column(name=name, values=domain.options, first=first)
    return Column(name=name, ends=(domain.low, domain.high), first=first)


def _of_recipe(recipe: Recipe) -> Iterator[Column]:
    """Yield the columns of the recipe, whether or not it is searched for."""
    for field in fields(recipe):
        name = f"recipe/{field.name}"
        if field.name in _WORDS:
            yield Column(name=name, values=_WORDS[field.name])
        elif isinstance(getattr(recipe, field.name), bool):
            yield Column(name=name, values=(False, True))
        else:
            yield Column(name=name)
