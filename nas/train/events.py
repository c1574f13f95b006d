"""What TensorBoard shows of one training, in a single event file."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final

from nas.arch import Architecture, Gene, to_json
from nas.nn.cost import Cost
from nas.records import RECIPE_GENES, Recipe, recipe_to_json
from nas.train.module import Metrics

if TYPE_CHECKING:
    from nas.train.event_file import EventFile


def _loaded() -> "type[EventFile] | Exception":
    """Return what writes events, or why a broken TensorBoard does not."""
    try:
        from nas.train.event_file import EventFile
    except Exception as error:  # anything that an import may come up with
        return error
    return EventFile


_EVENT_FILE: Final = _loaded()  # now: a worker's process is a copy of one that has it


class Events:
    """Writes the events of one training, directly in a folder, as far as it can.

    A training is worth more than its curves: the first failure is told to
    ``on_failure``, and ends the writing.

    Args:
        folder: may hold the events of earlier epochs.
        first_epoch: whatever is there of it, and after it, no longer counts.
        on_failure: is told, in the same line for every training, what went wrong.
    """

    def __init__(
        self,
        folder: str,
        first_epoch: int = 0,
        on_failure: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._on_failure = on_failure
        self._file: EventFile | None = None
        try:
            if isinstance(_EVENT_FILE, Exception):
                raise _EVENT_FILE
            self._file = _EVENT_FILE(Path(folder), first_epoch)
        except Exception as error:
            self._fail(error)

    def __enter__(self) -> "Events":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._write(lambda file: file.close())

    def architecture(self, architecture: Architecture) -> None:
        """Show an architecture as its JSON."""
        text = json.dumps(to_json(architecture), indent=2)
        self._write(lambda file: file.text("architecture", f"```json\n{text}\n```"))

    def epoch(self, metrics: Metrics) -> None:
        """Add one epoch to every curve."""

        def write(file: "EventFile") -> None:
            for name, value in (
                ("train/loss", metrics.train_loss),
                ("train/accuracy", metrics.train_accuracy),
                ("validation/loss", metrics.validation_loss),
                ("validation/accuracy", metrics.validation_accuracy),
                ("validation/balanced_accuracy", metrics.validation_balanced_accuracy),
                ("lr", metrics.lr),
            ):
                if value is not None:
                    file.scalar(name, value, metrics.epoch)
            file.flush()

        self._write(write)

    def note(self, text: str) -> None:
        """Show a line about what went another way than it should."""
        self._write(lambda file: file.text("note", text))

    def outcome(
        self,
        architecture: Architecture,
        recipe: Recipe,
        cost: Cost,
        accuracy: float,
        name: str = "accuracy",
    ) -> None:
        """Add the training to the HParams table: its choices, accuracy and size.

        ``name`` says which accuracy that is.
        """
        genes = architecture.genes or {}
        choices: dict[str, Gene] = {
            **{k: v for k, v in genes.items() if not k.startswith(RECIPE_GENES)},
            **{f"recipe/{k}": v for k, v in recipe_to_json(recipe).items()},
        }
        metrics = {
            f"hparam/{name}": accuracy,
            "hparam/params": cost.params,
            "hparam/macs": cost.macs,
        }
        self._write(lambda file: file.row(choices, metrics))

    def _write(self, write: "Callable[[EventFile], None]") -> None:
        if self._file is None:
            return
        try:
            write(self._file)
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(Exception):  # what it still holds cannot be written, either
                file.close()
        # Without a path, which would be another one for every training.
        told = error.strerror if isinstance(error, OSError) else None
        lines = str(error).strip().splitlines() or [""]
        reason = told or f"{type(error).__name__}: {lines[0]}"
        self._on_failure(f"no events for TensorBoard: {reason}")
