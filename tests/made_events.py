"""Events of a run's trials as their trainings write them, without any training."""

import math

from nas.nn.cost import cost
from nas.records import TrialRecord
from nas.search import RunFolder
from nas.train.events import Events
from nas.train.module import Metrics


def write_events(run: RunFolder, record: TrialRecord) -> None:
    """Write what a trial of a run would have shown of itself."""
    architecture, recipe = record.architecture, run.config().recipe
    with Events(str(run.trial_path(record.trial))) as events:
        row = run.row(record.trial)
        events.begin(architecture, recipe, cost(architecture).total, row)
        for epoch, accuracy in enumerate(record.curve):
            events.epoch(metrics(epoch, accuracy))
        if record.accuracy is not None:
            events.outcome(record.accuracy)


def metrics(epoch: int, accuracy: float) -> Metrics:
    """Return an epoch at whose end an accuracy was reached."""
    return Metrics(
        epoch=epoch,
        train_loss=2.0 * math.exp(-epoch),
        train_accuracy=accuracy,
        validation_loss=2.5 * math.exp(-epoch),
        validation_accuracy=accuracy,
        validation_balanced_accuracy=accuracy,
        lr=0.1 / (1 + epoch),
        seconds=0.5,
        images_per_second=4000.0 + epoch,
    )
