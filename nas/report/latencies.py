"""Latencies of a front as rows of plain data: for CSV, JSON and the terminal."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

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


Latencies = Mapping[int, Sequence[Latency]]
"""Those of trials, by their numbers."""


def latency_rows(
    front: Iterable[TrialRecord], latencies: Latencies
) -> tuple[LatencyRow, ...]:
    """Return a row for each latency of each trial of a front."""
    return tuple(
        _row(record, latency)
        for record in front
        for latency in latencies.get(record.trial, ())
    )


def comparable(
    front: Iterable[TrialRecord], latencies: Latencies
) -> tuple[TrialRecord, ...]:
    """Return trials with latencies that can be compared, of one device and batch size.

    That is the setting which most of the trials were measured in, of such the one with
    the smallest batches.
    """
    trials = [record for record in front if latencies.get(record.trial)]
    settings = Counter(
        latency.setting for record in trials for latency in latencies[record.trial]
    )
    if not settings:
        return ()
    chosen = min(settings, key=lambda one: (-settings[one], one.batch_size, one))
    return tuple(
        replace(record, latency=latency)
        for record in trials
        for latency in latencies[record.trial]
        if latency.setting == chosen
    )


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
