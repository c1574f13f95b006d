"""What the page knows about every trial, in columns that stay small."""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any, Final

from nas.arch import Gene
from nas.drawing import svg, thumbnail
from nas.records import TrialRecord
from nas.report.judged import RepeatFacts
from nas.report.page.data import PageData
from nas.report.summary import Summary
from nas.report.tables import recipe_text

MOST_PICTURES: Final = 600
"""Of more trials only the front and the most accurate have one; each is 1.4 kB."""

_DIGITS: Final = 6


def cards(data: PageData) -> dict[str, Any]:
    """Return all trials as columns of plain JSON data.

    Texts and genes come as ``{"values": [...], "at": [...]}``: the different values,
    and for each trial the place of its own, -1 for none.
    """
    records = data.summary.records
    pictured = _pictured(data.summary)
    return {
        "number": [record.trial for record in records],
        "status": _column([record.status for record in records]),
        "arm": _column([record.arm for record in records]),
        "device": _column([record.device for record in records]),
        "blocks": _column([" ".join(_blocks(record)) for record in records]),
        "recipe": _column([recipe_text(record.recipe) or None for record in records]),
        "accuracy": [_number(record.accuracy) for record in records],
        "reached": [
            _number(record.curve[-1]) if record.curve else None for record in records
        ],
        "params": [record.params for record in records],
        "macs": [record.macs for record in records],
        "epochs": [len(record.curve) for record in records],
        "seconds": [round(record.seconds, 1) for record in records],
        "latency": {
            str(record.trial): _number(record.latency.median_ms)
            for record in records
            if record.latency is not None
        },
        "error": {
            str(record.trial): record.error
            for record in records
            if record.error is not None
        },
        "repeats": {
            str(trial): _repeats(found) for trial, found in data.repeats.items()
        },
        "genes": _genes(records),
        "pictures": {
            str(record.trial): svg(thumbnail(record.architecture))
            for record in pictured
        },
        "front": [record.trial for record in data.summary.front],
    }


def _pictured(summary: Summary) -> Sequence[TrialRecord]:
    """Return the trials with a picture: the front, then the most accurate."""
    front = {record.trial for record in summary.front}
    ranked = sorted(
        summary.records,
        key=lambda r: (r.trial not in front, -(_number(r.accuracy) or 0.0), r.trial),
    )
    return ranked[:MOST_PICTURES]


def _blocks(record: TrialRecord) -> Iterable[str]:
    return record.aggregations


def _repeats(found: RepeatFacts) -> list[float | None]:
    low, high = _number(found.low), _number(found.high)
    return [found.complete, _number(found.mean), low, high]


def _genes(records: Sequence[TrialRecord]) -> dict[str, Any]:
    chosen: list[Mapping[str, Gene]] = [record.genes or {} for record in records]
    names = dict.fromkeys(name for genes in chosen for name in genes)
    return {
        name: _column(
            [_gene(genes[name]) if name in genes else None for genes in chosen]
        )
        for name in names
    }


def _gene(value: Gene) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _column(values: Sequence[str | None]) -> dict[str, Any]:
    places: dict[str, int] = {}
    for value in values:
        if value is not None:
            places.setdefault(value, len(places))
    return {
        "values": list(places),
        "at": [-1 if value is None else places[value] for value in values],
    }


def _number(value: float | None) -> float | None:
    """Return a number that JSON has a word for."""
    if value is None or not isfinite(value):
        return None
    return float(f"{value:.{_DIGITS}g}")
