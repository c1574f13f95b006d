"""A file of TensorBoard's events. Imports TensorBoard, which takes a moment."""

import os
import socket
import time
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.summary.writer.record_writer import RecordWriter
from torch.utils.tensorboard.summary import hparams, scalar, text

from nas.arch import Gene


class EventFile:
    """Events appended to a new file in a folder, by the thread that adds them.

    TensorBoard's own writer has a thread, which ends with a traceback on the terminal
    when the disk is full.

    Args:
        folder: may hold the events of earlier epochs.
        first_epoch: whatever is there of it, and after it, no longer counts.

    Raises:
        OSError: here as in every method, when nothing can be written.
    """

    def __init__(self, folder: Path, first_epoch: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        again = any(folder.glob("events.out.tfevents.*"))
        # TensorBoard reads the files of a folder in the order of their names.
        name = f"events.out.tfevents.{time.time():.9f}.{socket.gethostname()}"
        self._file = (folder / f"{name}.{os.getpid()}").open("xb")
        self._records = RecordWriter(self._file)
        self._add(Event(file_version="brain.Event:2"))
        if again:
            start = SessionLog(status=SessionLog.START)
            self._add(Event(step=first_epoch, session_log=start))

    def scalar(self, name: str, value: float, step: int = 0) -> None:
        """Add a point to a curve."""
        summary = scalar(name, value)  # type: ignore[no-untyped-call]
        self._add(Event(step=step, summary=summary))

    def text(self, name: str, content: str) -> None:
        """Add a text in Markdown."""
        summary = text(name, content)  # type: ignore[no-untyped-call]
        self._add(Event(summary=summary))

    def row(self, choices: dict[str, Gene], metrics: dict[str, float]) -> None:
        """Add the training to the HParams table."""
        # Left out: the description of the whole experiment. TensorBoard would take that
        # of one trial for all, and hide the genes that this trial does not have.
        _, *ends = hparams(choices, metrics)  # type: ignore[no-untyped-call]
        for summary in ends:
            self._add(Event(summary=summary))
        for name, value in metrics.items():
            self.scalar(name, value)

    def flush(self) -> None:
        """Let whoever reads the file see what has been added."""
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _add(self, event: Any) -> None:
        event.wall_time = time.time()
        self._records.write(event.SerializeToString())
