"""Latencies of a front as rows of plain data: for CSV, JSON and the terminal."""

from collections.abc import Iterable
from dataclasses import dataclass

from nas.latency import Latency
from nas.records import TrialRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyRow:
    """What a batch takes a trial of the front; see `nas.latency.Latency`."""

    trial: int
    accuracy: float
    params: int
    macs: int
    device: str
    threads: int
    precision: str
    batch_size: int
    median_ms: float
    low_ms: float
    high_ms: float
    images_per_second: float
    runs: int
    disturbed_runs: int
    torch: str
    measured: str


def latency_rows(
    record: TrialRecord, latencies: Iterable[Latency]
) -> tuple[LatencyRow, ...]:
    """Return a row for each latency of a trial of the front."""
    return tuple(_row(record, latency) for latency in latencies)


def _row(record: TrialRecord, latency: Latency) -> LatencyRow:
    assert record.accuracy is not None, "a trial on the front has an accuracy"
    return LatencyRow(
        trial=record.trial,
        accuracy=record.accuracy,
        params=record.params,
        macs=record.macs,
        device=latency.device,
        threads=latency.threads,
        precision=latency.precision,
        batch_size=latency.batch_size,
        median_ms=latency.median_ms,
        low_ms=latency.low_ms,
        high_ms=latency.high_ms,
        images_per_second=latency.images_per_second,
        runs=latency.runs,
        disturbed_runs=latency.disturbed_runs,
        torch=latency.torch,
        measured=latency.measured,
    )
