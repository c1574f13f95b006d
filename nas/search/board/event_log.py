"""TensorBoard's events of a whole search, in one file a folder; needs no torch."""

import os
import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.plugins.custom_scalar import layout_pb2, metadata
from tensorboard.summary.writer.record_writer import RecordWriter

_PREFIX: Final = "events.out.tfevents."
_SUFFIX: Final = ".of-search"
_TEXT: Final = "text"


def written_before(folder: Path) -> list[Path]:
    """Return the files of events of a search in a folder, the oldest first."""
    return sorted(folder.glob(f"{_PREFIX}*{_SUFFIX}"))


class EventLog:
    """A new file of events that takes the place of those written before it.

    What other writers have in the folder stays. TensorBoard may be looking meanwhile:
    the file tells it to forget what it has read of the earlier ones.

    Args:
        folder: is made when it does not exist.

    Raises:
        OSError: here as in every method, when nothing can be written.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._earlier = written_before(folder)
        # TensorBoard reads the files of a folder in the order of their names.
        name = f"{_PREFIX}{time.time():.9f}.{socket.gethostname()}.{os.getpid()}"
        self._file = (folder / f"{name}{_SUFFIX}").open("xb")
        self._records = RecordWriter(self._file)
        self._add(Event(file_version="brain.Event:2"), 0, time.time())
        start = SessionLog(status=SessionLog.START)
        self._add(Event(session_log=start), 0, time.time())

    def forget_earlier(self) -> None:
        """Remove the files whose place this one takes, once it says as much."""
        self.flush()
        for path in self._earlier:
            path.unlink(missing_ok=True)
        self._earlier.clear()

    def scalars(self, values: Mapping[str, float], step: int, at: float) -> None:
        """Add a point to each of some curves; ``at`` is in seconds since 1970."""
        points = (Summary.Value(tag=t, simple_value=v) for t, v in values.items())
        self._summary(points, step, at)

    def text(self, tag: str, markdown: str, step: int, at: float) -> None:
        """Add a text in Markdown."""
        self._string(tag, markdown.encode(), _TEXT, step, at)

    def picture(self, tag: str, png: bytes, step: int, at: float) -> None:
        """Add a picture, a PNG."""
        # The first chunk of a PNG holds both, four bytes each.
        width, height = (int.from_bytes(png[i : i + 4], "big") for i in (16, 20))
        image = Summary.Image(
            encoded_image_string=png, width=width, height=height, colorspace=4
        )
        self._summary([Summary.Value(tag=tag, image=image)], step, at)

    def charts(self, layout: layout_pb2.Layout, step: int, at: float) -> None:
        """Add a layout of the page of custom scalars; the last one counts."""
        tag, name = metadata.CONFIG_SUMMARY_TAG, metadata.PLUGIN_NAME
        self._string(tag, layout.SerializeToString(), name, step, at)

    def columns(self, told: Any, step: int, at: float) -> None:
        """Add what `rows.all_columns` tells."""
        self._summary(told.value, step, at)

    def flush(self) -> None:
        """Let whoever reads the file see what has been added."""
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def abandon(self) -> None:
        """Close the file, of which no more can be written."""
        with suppress(Exception):  # what it still holds cannot be written, either
            self._file.close()

    def _string(
        self, tag: str, content: bytes, plugin: str, step: int, at: float
    ) -> None:
        data = SummaryMetadata.PluginData(plugin_name=plugin)
        value = Summary.Value(
            tag=tag,
            metadata=SummaryMetadata(plugin_data=data),
            tensor=TensorProto(dtype="DT_STRING", string_val=[content]),
        )
        self._summary([value], step, at)

    def _summary(self, values: Iterable[Any], step: int, at: float) -> None:
        self._add(Event(summary=Summary(value=values)), step, at)

    def _add(self, event: Any, step: int, at: float) -> None:
        event.step, event.wall_time = step, at
        self._records.write(event.SerializeToString())
