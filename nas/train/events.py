"""What TensorBoard shows of one training, in a single event file."""

import json
from pathlib import Path
from types import TracebackType

from torch.utils.tensorboard.summary import hparams
from torch.utils.tensorboard.writer import SummaryWriter

from nas.arch import Architecture, Gene, to_json
from nas.nn.cost import Cost
from nas.records import RECIPE_GENES, Recipe, recipe_to_json
from nas.train.module import Metrics


class Events:
    """Writes the events of one training, directly in a folder.

    Args:
        folder: may hold the events of earlier epochs.
        first_epoch: whatever is there of it, and after it, no longer counts.
    """

    def __init__(self, folder: str, first_epoch: int = 0) -> None:
        again = any(Path(folder).glob("events.out.tfevents.*"))
        self._writer = SummaryWriter(folder, purge_step=first_epoch if again else None)

    def __enter__(self) -> "Events":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()

    def architecture(self, architecture: Architecture) -> None:
        """Show an architecture as its JSON."""
        text = json.dumps(to_json(architecture), indent=2)
        self._writer.add_text("architecture", f"```json\n{text}\n```")

    def epoch(self, metrics: Metrics) -> None:
        """Add one epoch to every curve."""
        for name, value in (
            ("train/loss", metrics.train_loss),
            ("train/accuracy", metrics.train_accuracy),
            ("validation/loss", metrics.validation_loss),
            ("validation/accuracy", metrics.validation_accuracy),
            ("validation/balanced_accuracy", metrics.validation_balanced_accuracy),
            ("lr", metrics.lr),
        ):
            self._writer.add_scalar(name, value, metrics.epoch)

    def note(self, text: str) -> None:
        """Show a line about what went another way than it should."""
        self._writer.add_text("note", text)

    def outcome(
        self, architecture: Architecture, recipe: Recipe, cost: Cost, accuracy: float
    ) -> None:
        """Add the training to the HParams table: its choices, accuracy and size."""
        genes = architecture.genes or {}
        choices: dict[str, Gene] = {
            **{k: v for k, v in genes.items() if not k.startswith(RECIPE_GENES)},
            **{f"recipe/{k}": v for k, v in recipe_to_json(recipe).items()},
        }
        metrics = {
            "hparam/accuracy": accuracy,
            "hparam/params": cost.params,
            "hparam/macs": cost.macs,
        }
        # Left out: the description of the whole experiment. TensorBoard would take that
        # of one trial for all, and hide the genes that this trial does not have.
        _, start, end = hparams(choices, metrics)  # type: ignore[no-untyped-call]
        writer = self._writer._get_file_writer()  # type: ignore[no-untyped-call]
        writer.add_summary(start)
        writer.add_summary(end)
        for name, value in metrics.items():
            self._writer.add_scalar(name, value)
