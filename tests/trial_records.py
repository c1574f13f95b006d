"""Finished trials for tests that only care about accuracy and size."""

from typing import Any

from nas.arch import Architecture, Basic, Block, StemConv, Sum
from nas.records import TrialRecord

SMALL = Architecture(
    input_shape=(1, 8, 8),
    num_classes=10,
    stem=(StemConv(width=8),),
    blocks=(Block(aggregation=Sum(), unit=Basic(), depth=1, width=8),),
)


def complete(trial: int, params: int, accuracy: float, **fields: Any) -> TrialRecord:
    """Return a trial that went well."""
    return _record(trial, params=params, accuracy=accuracy, **fields)


def failed(trial: int, **fields: Any) -> TrialRecord:
    """Return a trial whose training broke."""
    lost: dict[str, Any] = {"status": "failed", "error": "out of memory", "curve": ()}
    return _record(trial, **(lost | {"accuracy": None, "loss": None} | fields))


def _record(trial: int, **fields: Any) -> TrialRecord:
    values: dict[str, Any] = {
        "architecture": SMALL,
        "params": 1000,
        "macs": 64_000,
        "status": "complete",
        "seconds": 2.5,
        "loss": 0.5,
        "curve": (0.5, 0.9),
        "seed": 7,
        "device": "cpu",
        "error": None,
        "finished": "2026-01-02T03:04:05+00:00",
    }
    return TrialRecord(trial=trial, **(values | fields))
