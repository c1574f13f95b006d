"""A contact sheet: some images of every class on one picture."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from nas.data.dataset import Dataset

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

MOST_CLASSES: Final = 120
CELL: Final = 112  # pixels; images are enlarged or reduced to about this side
GAP: Final = 8
MARGIN: Final = 48
LABEL: Final = 280  # the width of what stands before a class's images
HEADING: Final = 120
PANEL_GAP: Final = 64

SMALLER: Final = 0.75  # the size of text that would not fit otherwise
INK: Final = "#222222"
GREY: Final = "#666666"
TRACK: Final = "#e4e7eb"
BAR: Final = "#0072B2"


def draw_sheet(dataset: Dataset, seed: int = 0) -> "Image":
    """Return a picture with a row of random training images for every class.

    Small images are enlarged by a whole number, so that their pixels stay what they
    are. A bar shows how many training images a class has, against the largest class.
    Of more than `MOST_CLASSES` the first are shown.
    """
    from PIL import Image, ImageDraw

    labels = dataset.train.labels
    counts = np.bincount(labels, minlength=len(dataset.classes))
    num_shown = min(len(dataset.classes), MOST_CLASSES)
    page = _Page.of(num_shown, dataset.train.images.shape[2:])
    rng = np.random.default_rng(seed)
    sheet = Image.new("RGB", page.size, "white")
    draw = ImageDraw.Draw(sheet)
    _draw_heading(draw, dataset, num_shown)
    for label in range(num_shown):
        left, top = page.corner(label)
        share = counts[label] / max(1, counts.max())
        name = dataset.classes[label]
        _draw_label(draw, name, int(counts[label]), share, (left, top), page.cell[1])
        members = rng.permutation(np.flatnonzero(labels == label))
        for column, position in enumerate(members[: page.samples]):
            at = (left + LABEL + column * (page.cell[0] + GAP), top)
            picture = _picture(dataset.train.images[position], page.cell)
            sheet.paste(picture, at)
            corner = (at[0] + page.cell[0] - 1, top + page.cell[1] - 1)
            draw.rectangle([at, corner], outline=TRACK)
    return sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """Where everything is: ``panels`` columns of rows, each of ``samples`` images."""

    panels: int
    rows: int
    samples: int
    cell: tuple[int, int]

    @classmethod
    def of(cls, num_classes: int, image_size: tuple[int, ...]) -> "_Page":
        panels, samples = next(
            (panels, samples)
            for most, panels, samples in ((12, 1, 10), (40, 2, 6), (MOST_CLASSES, 3, 4))
            if num_classes <= most
        )
        height, width = image_size
        factor = CELL / max(height, width)
        if factor >= 1:
            factor = round(factor)
        return cls(
            panels=panels,
            rows=-(-num_classes // panels),
            samples=samples,
            cell=(max(1, round(width * factor)), max(1, round(height * factor))),
        )

    @property
    def row(self) -> int:
        """The height of a row; there is always room for its label."""
        return max(self.cell[1], 64) + 2 * GAP

    @property
    def panel(self) -> int:
        """The width of a panel."""
        return LABEL + self.samples * (self.cell[0] + GAP) - GAP

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the page."""
        between = PANEL_GAP * (self.panels - 1)
        width = 2 * MARGIN + self.panels * self.panel + between
        return width, HEADING + MARGIN + self.rows * self.row

    def corner(self, label: int) -> tuple[int, int]:
        """Return the upper left corner of a class."""
        panel, row = divmod(label, self.rows)
        return MARGIN + panel * (self.panel + PANEL_GAP), HEADING + row * self.row


def _draw_heading(draw: "ImageDraw", dataset: Dataset, num_shown: int) -> None:
    num_classes = len(dataset.classes)
    shape = "x".join(map(str, dataset.train.images.shape[1:]))
    facts = f"{len(dataset.train):,} training images of {shape}, "
    facts += f"{num_classes:,} classes"
    if num_shown < num_classes:
        facts += f", the first {num_shown} of them here"
    width = draw.im.size[0] - 2 * MARGIN
    _write(draw, (MARGIN, 30), dataset.name, 34, width, bold=True)
    _write(draw, (MARGIN, 74), facts, 22, width, colour=GREY)


def _draw_label(
    draw: "ImageDraw",
    name: str,
    count: int,
    share: float,
    at: tuple[int, int],
    height: int,
) -> None:
    left, top = at
    width = LABEL - 32
    top += max(0, (height - 64) // 2)
    _write(draw, (left, top), name, 24, width, bold=True)
    bar = top + 36
    draw.rounded_rectangle([left, bar, left + width - 84, bar + 10], 5, fill=TRACK)
    filled = max(10, round(share * (width - 84)))
    if count:
        draw.rounded_rectangle([left, bar, left + filled, bar + 10], 5, fill=BAR)
    _write(draw, (left + width - 74, bar - 7), f"{count:,}", 20, 74, colour=GREY)


def _write(
    draw: "ImageDraw",
    at: tuple[int, int],
    text: str,
    size: int,
    width: int,
    *,
    colour: str = INK,
    bold: bool = False,
) -> None:
    """Write a line of text, smaller or cut short where ``width`` pixels are too few."""
    from matplotlib import get_data_path
    from PIL.ImageFont import truetype

    # Matplotlib's own font knows more of the world's letters than Pillow's.
    file = f"{get_data_path()}/fonts/ttf/DejaVuSans{'-Bold' if bold else ''}.ttf"
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    font = truetype(file, size)
    if font.getlength(line) > width:
        font = truetype(file, round(size * SMALLER))
    shown = line
    while font.getlength(shown) > width and len(line) > 1:
        line = line[:-1]
        shown = line.rstrip() + "…"
    draw.text(at, shown, font=font, fill=colour)


def _picture(image: NDArray[np.uint8], size: tuple[int, int]) -> "Image":
    """Return an image (C, H, W) in a size; two channels are shown as the first one."""
    from PIL import Image

    pixels = image[:3].transpose(1, 2, 0) if len(image) >= 3 else image[0]
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    enlarged = size[0] >= picture.width
    method = Image.Resampling.NEAREST if enlarged else Image.Resampling.LANCZOS
    return picture.resize(size, method).convert("RGB")
