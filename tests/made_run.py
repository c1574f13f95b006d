"""A run folder as a search leaves it, but made without any training."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from nas.arch import Architecture
from nas.nn.cost import cost
from nas.records import Recipe, TrialRecord
from nas.search import RunFolder, SearchConfig
from nas.space import BoundSpace, SearchSpace

SHAPE: Final = (1, 8, 8)
FACTS: Final = {
    "name": "digits",
    "classes": [str(digit) for digit in range(10)],
    "shape": list(SHAPE),
    "train": 1438,
    "fitted": 1151,
    "validation": 287,
    "test": 359,
    "mean": [0.3],
    "std": [0.375],
}


def bound(max_params: int = 8_000, name: str = "minimal") -> BoundSpace:
    """Return a small space for digits."""
    return BoundSpace(
        space=SearchSpace.load(name),
        input_shape=SHAPE,
        num_classes=10,
        max_params=max_params,
    )


def architectures(number: int, seed: int = 0) -> list[Architecture]:
    """Return different networks of that space."""
    rng = random.Random(seed)
    space = bound()
    found: dict[Architecture, None] = {}
    while len(found) < number:
        found[space.sample(rng)] = None
    return list(found)


def record(
    trial: int, architecture: Architecture, accuracy: float | None
) -> TrialRecord:
    """Return what a training of an architecture came to; None is a failure."""
    total = cost(architecture).total
    fine = accuracy is not None
    return TrialRecord(
        trial=trial,
        architecture=architecture,
        params=total.params,
        macs=total.macs,
        status="complete" if fine else "failed",
        seconds=1.5,
        accuracy=accuracy,
        loss=1.0 - accuracy if fine else None,
        curve=(accuracy / 2, accuracy) if fine else (),
        seed=trial,
        device="cpu",
        error=None if fine else "RuntimeError: out of luck",
        finished=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).isoformat(),
    )


def make_run(
    path: Path, accuracies: Sequence[float | None] = (), **config: Any
) -> RunFolder:
    """Make a run with a finished trial for every accuracy."""
    values = {"space": "minimal", "max_params": 8_000, "trials": len(accuracies) or 1}
    values |= {"recipe": Recipe(epochs=2), "workers": 0, "device": "cpu"}
    run = RunFolder.create(
        path, SearchConfig(**(values | config)), SearchSpace.load("minimal"), FACTS
    )
    trained = zip(architectures(len(accuracies)), accuracies, strict=True)
    for trial, (architecture, accuracy) in enumerate(trained):
        run.start_trial(trial, architecture)
        run.finish_trial(record(trial, architecture, accuracy))
    return run
