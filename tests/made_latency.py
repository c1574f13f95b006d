"""Latencies as a measurement would give them."""

from typing import Any

from nas.latency import Latency


def latency(median_ms: float = 2.0, **fields: Any) -> Latency:
    """Return a figure of some processor."""
    values: dict[str, Any] = {
        "device": "Some CPU @ 2 GHz",
        "threads": 1,
        "batch_size": 1,
        "precision": "float32",
        "median_ms": median_ms,
        "low_ms": 0.9 * median_ms,
        "high_ms": 1.5 * median_ms,
        "runs": 100,
        "warmup_runs": 20,
        "torch": "2.13.0+cpu",
        "measured": "2026-01-02T03:04:05+00:00",
    }
    return Latency(**(values | fields))
