"""The last trainings in the report's folder: a table, plain data, and a picture."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from nas.report.retrained import Contest, Standing
from nas.report.retrained_figure import draw_contest
from nas.report.write import replaced, write_csv, write_json
from nas.retraining import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainedRow:
    """A network of a contest, accuracies on the test split and in [0, 1].

    ``protocol`` is the name of the folder in which its trainings lie, and
    ``not_told_apart_from`` has names with spaces between them.
    """

    protocol: str
    network: str
    params: int
    macs: int
    epochs: int
    searched: float | None
    seeds: int
    failed: int
    mean: float | None
    std: float | None
    low: float | None
    high: float | None
    bytes: float | None
    int8_bytes: float | None
    int8_mean: float | None
    on_front: bool
    not_told_apart_from: str


def write_retrained(
    contests: Mapping[Protocol, Contest], folder: Path, *, title: str
) -> None:
    """Write ``retrain.csv``, ``retrain.json`` and ``retrain.png``.

    Args:
        contests: the latest one last, which is drawn.
        folder: the report's, which is there.
        title: stands over the picture, with what tells comparisons apart.
    """
    rows = [
        _row(protocol, standing)
        for protocol, found in contests.items()
        for standing in found.standings
    ]
    with replaced(folder / "retrain.csv") as path:
        write_csv(path, RetrainedRow, rows)
    write_json(
        folder / "retrain.json",
        {protocol.folder: found.to_json() for protocol, found in contests.items()},
    )
    drawn = [f for f in contests.values() if any(s.spread for s in f.standings)]
    if drawn:
        with replaced(folder / "retrain.png") as path:
            draw_contest(drawn[-1], path, title=title)


def _row(protocol: Protocol, standing: Standing) -> RetrainedRow:
    entrant, found = standing.entrant, standing.spread
    return RetrainedRow(
        protocol=protocol.folder,
        network=entrant.name,
        params=entrant.params,
        macs=entrant.macs,
        epochs=entrant.epochs,
        searched=entrant.searched,
        seeds=len(entrant.reached),
        failed=entrant.failed,
        mean=None if found is None else found.mean,
        std=None if found is None else found.std,
        low=None if found is None else found.low,
        high=None if found is None else found.high,
        bytes=entrant.num_bytes,
        int8_bytes=entrant.quantized_bytes,
        int8_mean=fmean(entrant.quantized.values()) if entrant.quantized else None,
        on_front=standing.on_front,
        not_told_apart_from=" ".join(standing.alike),
    )
