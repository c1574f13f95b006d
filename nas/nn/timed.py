"""Networks that are to be timed, and what came of it, as plain data.

Importing this loads no torch: who asks for a figure does not compute it.
"""

import runpy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nas.arch import Architecture
from nas.errors import NasError, one_line
from nas.latency import Latency
from nas.nn.cost import Cost, cost

if TYPE_CHECKING:
    from torch import nn

SECONDS: Final = 1.0
"""Of timed runs behind a figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A network to be timed, with weights of no meaning or in a file of its own.

    ``network`` is an architecture, or the path of a ``model.py`` as ``nas export``
    writes it, which is run.
    """

    name: str
    network: Architecture | Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What a network costs, and what a batch of it takes, for each size of batches."""

    params: int
    macs: int
    latencies: tuple[Latency, ...]


def timed(
    subjects: Sequence[Subject],
    batch_sizes: Sequence[int],
    device: str,
    threads: int,
    seconds: float = SECONDS,
) -> tuple[Timed, ...] | str:
    """Return what the networks take; a failure is data, told in a line.

    What is timed is the exported form of a network, without what makes its training
    fast. Loads torch, and runs code of the subjects': call it in a process of its own.

    Args:
        subjects: timed in turns.
        batch_sizes: numbers of images, likewise.
        device: as PyTorch knows it.
        threads: that PyTorch may use on the CPU.
        seconds: of timed runs for each network and size of batches.
    """
    import torch

    from nas.nn.latency import Case, latencies

    costs, cases = [], []
    for subject in subjects:
        try:
            network, input_shape, spent = _built(subject.network)
        except (Exception, SystemExit) as error:  # a file of the user's may do anything
            why = str(error) if isinstance(error, NasError) else one_line(error)
            return f"{subject.name}: cannot be loaded: {why}"
        costs.append(spent)
        cases += [
            Case(network=network, input_shape=input_shape, batch_size=size)
            for size in batch_sizes
        ]
    now = partial(datetime.now, UTC)
    try:
        found = latencies(
            cases,
            device=torch.device(device),
            threads=threads,
            now=now,
            seconds=seconds,
        )
    except Exception as error:
        return f"could not be run: {one_line(error)}"
    each = len(batch_sizes)
    return tuple(
        Timed(
            params=spent.params,
            macs=spent.macs,
            latencies=tuple(found[i * each : (i + 1) * each]),
        )
        for i, spent in enumerate(costs)
    )


def _built(what: Architecture | Path) -> tuple["nn.Module", tuple[int, ...], Cost]:
    """Return a network with the shape of its images and its cost."""
    if isinstance(what, Architecture):
        from nas.nn.build import build

        return build(what, seed=0), what.input_shape, cost(what).total
    from nas.nn.measure import measure

    names = runpy.run_path(str(what))
    network, input_shape = names["load"](), tuple(names["INPUT_SHAPE"])
    return network, input_shape, measure(network, input_shape)
