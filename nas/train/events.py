"""What TensorBoard shows of one training, in a single event file."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final

from nas.arch import Architecture, to_json
from nas.drawing import png, thumbnail
from nas.drawing.markdown import code, outline_table
from nas.nn.cost import Cost
from nas.records import Recipe
from nas.train.module import Metrics

if TYPE_CHECKING:
    from nas.train.event_file import EventFile


def _loaded() -> "type[EventFile] | Exception":
    """Return what writes events, or why a broken TensorBoard does not."""
    try:
        import nas.train.hparams  # noqa: F401 - from the same TensorBoard
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
        self._architecture: Architecture | None = None
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
        self._draw()
        if kind is not None and self._architecture is not None:
            self._write(_tell_failure)
        self._write(lambda file: file.close())

    def begin(
        self, architecture: Architecture, recipe: Recipe, cost: Cost, row: str = ""
    ) -> None:
        """Show what is going to be trained, and begin its row in the HParams table.

        Args:
            architecture: as text; a picture follows when the writing ends.
            recipe: it is trained with.
            cost: of it.
            row: as of an `EvalRequest`.
        """

        def write(file: "EventFile") -> None:
            from nas.train.hparams import begun, choices, metric_tag

            spec = code(json.dumps(to_json(architecture), indent=2), "json")
            file.text("architecture/blocks", outline_table(architecture))
            file.text("architecture/json", spec)
            file.summary(begun(choices(architecture.genes, recipe), row))
            known = {"params": cost.params, "macs": cost.macs}
            file.scalars({metric_tag(name): value for name, value in known.items()})
            file.flush()

        self._architecture = architecture
        self._write(write)

    def epoch(self, metrics: Metrics) -> None:
        """Add one epoch to every curve."""

        def write(file: "EventFile") -> None:
            values = {
                "train/loss": metrics.train_loss,
                "train/accuracy": metrics.train_accuracy,
                "validation/loss": metrics.validation_loss,
                "validation/accuracy": metrics.validation_accuracy,
                "validation/balanced_accuracy": metrics.validation_balanced_accuracy,
                "lr": metrics.lr,
                "time/seconds_per_epoch": metrics.seconds,
                "time/images_per_second": metrics.images_per_second,
            }
            known = {name: v for name, v in values.items() if v is not None}
            file.scalars(known, metrics.epoch)
            file.flush()

        self._write(write)

    def note(self, text: str) -> None:
        """Show a line about what went another way than it should."""
        self._write(lambda file: file.text("note", text))

    def outcome(self, accuracy: float, name: str = "accuracy") -> None:
        """End the row: the training is complete, and has reached an accuracy.

        ``name`` says which accuracy that is.
        """

        def write(file: "EventFile") -> None:
            from nas.train.hparams import ended, metric_tag

            file.scalars({metric_tag(name): accuracy})
            file.summary(ended("complete"))

        self._write(write)

    def _draw(self) -> None:
        """Add the architecture's picture; a failure costs nothing else."""
        if self._architecture is None or self._file is None:
            return
        try:
            # Here, after the training: the first one waits for matplotlib's import.
            drawn = png(thumbnail(self._architecture))
        except Exception as error:
            why = f"{type(error).__name__}: {_first_line(error)}"
            self._on_failure(f"no pictures of architectures in TensorBoard: {why}")
            return
        self._write(lambda file: file.picture("architecture", drawn))

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
        reason = told or f"{type(error).__name__}: {_first_line(error)}"
        self._on_failure(f"no events for TensorBoard: {reason}")


def _tell_failure(file: "EventFile") -> None:
    from nas.train.hparams import ended

    file.summary(ended("failed"))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0]
