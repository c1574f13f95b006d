"""Retrained networks in 8-bit integers: each once, beside its training."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from nas.arch import Architecture
from nas.data import RetrainingData
from nas.errors import NasError
from nas.executors import call, start_server
from nas.retraining import Protocol, Quantization
from nas.search.events import Event, Notice, RetrainingQuantized
from nas.search.retrain_files import (
    keep_quantization,
    read_retrained,
    weights_path,
)
from nas.search.run import RunFolder
from nas.train import PRELOAD, quantize

_LONGEST_SECONDS: Final = 1800.0


def quantize_all(
    run: RunFolder,
    data: RetrainingData,
    names: Iterable[str],
    protocol: Protocol,
    on_event: Callable[[Event], None],
) -> None:
    """Quantise and test whatever contenders have been trained to, unless that is done.

    A network that cannot be quantised is told of in a line, and does without.

    Args:
        run: the folder, which is owned.
        data: what they were trained on, and the test images.
        names: of the contenders.
        protocol: by which they were trained.
        on_event: told of each.
    """
    wanted = set(names)
    due = [
        (each.contender, training)
        for each in read_retrained(run).get(protocol, ())
        if each.contender.name in wanted
        for training in each.trainings
        if training.tested is not None and training.number not in each.quantized
    ]
    for place, (contender, training) in enumerate(due, start=1):
        what = f"{contender.name}, seed {training.number}"
        weights = weights_path(run, protocol, contender.name, training.number)
        found: Quantization | str
        try:
            found = call(
                start_server(PRELOAD),
                _quantize,
                contender.architecture,
                weights,
                data,
                contender.recipe.objective,
                timeout_seconds=_LONGEST_SECONDS,
            )
        except ChildProcessError as error:
            found = str(error)
        if isinstance(found, str):
            on_event(Notice(text=f"warning: {what} has no int8 form: {found}"))
            continue
        keep_quantization(run, protocol, training, found)
        on_event(
            RetrainingQuantized(
                contender=contender.name,
                number=training.number,
                quantization=found,
                finished=place,
                asked=len(due),
            )
        )


def _quantize(
    architecture: Architecture, weights: Path, data: RetrainingData, objective: str
) -> Quantization | str:
    """Return what came of it, or in words why nothing did: errors stay in there."""
    try:
        return quantize(architecture, weights, data, objective)
    except (NasError, OSError) as error:
        return str(error)
