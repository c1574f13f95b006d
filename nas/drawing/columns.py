"""The figures beside a part's drawing, in columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from nas.drawing.human import human
from nas.drawing.lettering import text_width
from nas.drawing.outline import Part
from nas.drawing.palette import GREY, INK, TRACK
from nas.drawing.shapes import Path, Shape, Text, rectangle

SIZE: Final = 12.0
SMALL: Final = 11.0
SHARE: Final = 96.0  # a column's width
BETWEEN: Final = 26.0  # columns
BAR: Final = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The x of the right ends of two columns, and of the left end of the third."""

    channels: float
    resolution: float
    share: float

    @classmethod
    def behind(cls, x: float, parts: Sequence[Part]) -> "Columns":
        """Return columns that are wide enough for what they hold."""
        channels = x + BETWEEN + _widest("channels", map(_channels, parts))
        resolution = channels + BETWEEN + _widest("resolution", map(_resolution, parts))
        return cls(channels=channels, resolution=resolution, share=resolution + BETWEEN)

    @property
    def right(self) -> float:
        """The x where the last column ends."""
        return self.share + SHARE

    def headings(self, y: float) -> list[Shape]:
        """Return what stands above the columns."""
        return [
            Text(x=x, y=y, text=text, size=SMALL, colour=GREY, anchor=anchor)
            for x, text, anchor in (
                (self.channels, "channels", "end"),
                (self.resolution, "resolution", "end"),
                (self.share, "parameters", "start"),
            )
        ]

    def cells(self, part: Part, y: float, colour: str) -> list[Shape]:
        """Return what stands in a part's row, on a baseline."""
        ends = [(self.channels, _channels(part)), (self.resolution, _resolution(part))]
        texts: list[Shape] = [
            Text(x=x, y=y, text=text, size=SIZE, colour=INK, anchor="end")
            for x, text in ends
        ]
        count = human(part.params)
        share = f"{100 * part.share:.0f} %"
        texts += [
            Text(x=self.share, y=y, text=count, size=SIZE, colour=INK),
            Text(x=self.right, y=y, text=share, size=SIZE, colour=GREY, anchor="end"),
            Path(steps=rectangle(self.share, y + 7, SHARE, BAR), fill=TRACK),
        ]
        if part.share > 0:
            filled = max(1.0, part.share * SHARE)
            bar = rectangle(self.share, y + 7, filled, BAR)
            texts.append(Path(steps=bar, fill=colour))
        return texts


def _channels(part: Part) -> str:
    return f"{part.w_in} → {part.w_out}"


def _resolution(part: Part) -> str:
    return f"{part.resolution[0]}x{part.resolution[1]}"


def _widest(heading: str, texts: Iterable[str]) -> float:
    return max(text_width(heading, SMALL), *(text_width(text, SIZE) for text in texts))
