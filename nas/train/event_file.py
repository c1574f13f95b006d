"""A file of TensorBoard's events. Imports TensorBoard, which takes a moment."""

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.summary.writer.record_writer import RecordWriter


class EventFile:
    """Events appended to a new file in a folder, by the thread that adds them.

    TensorBoard's own writer has a thread, which ends with a traceback on the terminal
    when the disk is full.

    Args:
        folder: may hold the events of earlier epochs.
        first_epoch: whatever is there of it, and after it, no longer counts. None adds
            to what is there.

    Raises:
        OSError: here as in every method, when nothing can be written.
    """

    def __init__(self, folder: Path, first_epoch: int | None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        again = any(folder.glob("events.out.tfevents.*"))
        # TensorBoard reads the files of a folder in the order of their names.
        name = f"events.out.tfevents.{time.time():.9f}.{socket.gethostname()}"
        self._file = (folder / f"{name}.{os.getpid()}").open("xb")
        self._records = RecordWriter(self._file)
        self._add(Event(file_version="brain.Event:2"))
        if again and first_epoch is not None:
            start = SessionLog(status=SessionLog.START)
            self._add(Event(step=first_epoch, session_log=start))

    def scalars(self, values: Mapping[str, float], step: int = 0) -> None:
        """Add a point to each of some curves."""
        points = [Summary.Value(tag=t, simple_value=v) for t, v in values.items()]
        self._add(Event(step=step, summary=Summary(value=points)))

    def text(self, name: str, content: str) -> None:
        """Add a text in Markdown."""
        data = SummaryMetadata.PluginData(plugin_name="text")
        value = Summary.Value(
            tag=name,
            metadata=SummaryMetadata(plugin_data=data),
            tensor=TensorProto(dtype="DT_STRING", string_val=[content.encode()]),
        )
        self._value(value)

    def picture(self, name: str, png: bytes) -> None:
        """Add a picture, a PNG."""
        # Its first chunk holds both, four bytes each.
        width, height = (int.from_bytes(png[i : i + 4], "big") for i in (16, 20))
        image = Summary.Image(
            encoded_image_string=png, width=width, height=height, colorspace=4
        )
        self._value(Summary.Value(tag=name, image=image))

    def summary(self, summary: Summary) -> None:
        """Add what somebody else has put together."""
        self._add(Event(summary=summary))

    def flush(self) -> None:
        """Let whoever reads the file see what has been added."""
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _value(self, value: Any) -> None:
        self._add(Event(summary=Summary(value=[value])))

    def _add(self, event: Any) -> None:
        event.wall_time = time.time()
        self._records.write(event.SerializeToString())
