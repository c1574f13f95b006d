"""What TensorBoard reads in a folder of events, by its slower and stricter reader."""

from pathlib import Path
from typing import Any

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar.layout_pb2 import Layout
from tensorboard.plugins.custom_scalar.metadata import CONFIG_SUMMARY_TAG

Points = list[tuple[float, int, float]]
"""Times, steps and values."""


class Shown:
    """The events in a folder, all of them."""

    def __init__(self, folder: Path) -> None:
        everything = {"tensors": 0, "scalars": 0, "images": 0}
        self._events: Any = EventAccumulator(str(folder), everything).Reload()

    @property
    def curves(self) -> dict[str, Points]:
        """Every curve, by its tag."""
        tags = self._events.Tags()["scalars"]
        return {
            tag: [(p.wall_time, p.step, p.value) for p in self._events.Scalars(tag)]
            for tag in tags
        }

    def values(self, tag: str) -> list[float]:
        """The values of a curve."""
        return [point.value for point in self._events.Scalars(tag)]

    def steps(self, tag: str) -> list[int]:
        """The steps of a curve."""
        return [point.step for point in self._events.Scalars(tag)]

    def pictures(self, tag: str) -> dict[int, bytes]:
        """The pictures of a tag, by their steps; no step has two."""
        if tag not in self._events.Tags()["images"]:
            return {}
        images = self._events.Images(tag)
        assert len({image.step for image in images}) == len(images)
        return {image.step: image.encoded_image_string for image in images}

    def text(self, tag: str) -> str:
        """The last text of a tag."""
        *_, last = self._events.Tensors(tag)
        return last.tensor_proto.string_val[0].decode()

    @property
    def charts(self) -> dict[str, str]:
        """The patterns of the page of custom scalars, by their charts' titles."""
        *_, last = self._events.Tensors(CONFIG_SUMMARY_TAG)
        layout = Layout.FromString(last.tensor_proto.string_val[0])
        return {
            chart.title: chart.multiline.tag[0]
            for category in layout.category
            for chart in category.chart
        }
