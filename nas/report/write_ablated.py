"""Ablations in the report's folder: for each trial a table, data, and a picture."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from nas.report.ablated import Ablation, Switched, Variant
from nas.report.ablated_figure import draw_ablation
from nas.report.dunnett import Versus
from nas.report.write import replaced, write_csv, write_json


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationRow:
    """A network of an ablation; accuracies are on the test split and in [0, 1].

    ``protocol`` is the name of the folder in which its trainings lie. ``block`` is
    empty for the trial itself and where all blocks were switched. ``difference`` is
    the accuracy less that of the trial, ``low`` to ``high`` its interval.
    """

    protocol: str
    network: str
    block: int | None
    aggregations: str
    depths: str
    widths: str
    params: int
    macs: int
    epochs: int
    seeds: int
    failed: int
    mean: float | None
    std: float | None
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    apart: bool


def write_ablations(found: Sequence[Ablation], folder: Path, *, title: str) -> None:
    """Write ``ablation-trial-N.csv``, ``.json`` and ``.png`` for each trial N.

    Args:
        found: by their trials; of each the last one is drawn.
        folder: the report's, which is there.
        title: stands over the pictures: the data.
    """
    for trial, several in groupby(found, key=lambda one: one.trial):
        own = list(several)
        path = folder / f"ablation-trial-{trial}"
        with replaced(path.with_suffix(".csv")) as unfinished:
            write_csv(
                unfinished, AblationRow, [row for one in own for row in _rows(one)]
            )
        write_json(
            path.with_suffix(".json"),
            {one.protocol.folder: one.to_json() for one in own},
        )
        if any(one.versus.difference is not None for one in own[-1].switched):
            with (
                replaced(path.with_suffix(".png")) as unfinished,
                warnings.catch_warnings(),
            ):
                # The title may be in letters that the font does not have.
                warnings.simplefilter("ignore", UserWarning)
                draw_ablation(own[-1], unfinished, title=title)


def _rows(found: Ablation) -> Iterator[AblationRow]:
    yield _row(found, found.base, None, Versus(difference=None))
    for one in found.switched:
        yield _row(found, one.variant, one, one.versus)


def _row(
    found: Ablation, variant: Variant, switched: Switched | None, versus: Versus
) -> AblationRow:
    about = variant.spread
    return AblationRow(
        protocol=found.protocol.folder,
        network=variant.name,
        block=None if switched is None else switched.block,
        aggregations=" ".join(variant.aggregations),
        depths=" ".join(map(str, variant.depths)),
        widths=" ".join(map(str, variant.architecture.widths)),
        params=variant.total.params,
        macs=variant.total.macs,
        epochs=found.epochs,
        seeds=len(variant.reached),
        failed=variant.failed,
        mean=None if about is None else about.mean,
        std=None if about is None else about.std,
        difference=versus.difference,
        low=versus.low,
        high=versus.high,
        p=versus.p,
        apart=versus.apart,
    )
