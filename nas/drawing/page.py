"""The picture of an architecture: a row for every part, data running through them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from nas.arch import Architecture
from nas.drawing.blocks import block_glyph
from nas.drawing.ends import aux_glyph, fusion_glyph, head_glyph, stem_glyph
from nas.drawing.glyph import Glyph
from nas.drawing.grain import PAGE
from nas.drawing.human import human
from nas.drawing.legend import legend
from nas.drawing.lettering import cut, plain_text, text_width, wrapped
from nas.drawing.outline import Outline, Part, outline
from nas.drawing.palette import (
    AGGREGATION_COLOURS,
    CARD,
    GREY,
    INK,
    TRACK,
)
from nas.drawing.shapes import Path, Picture, Shape, Text, rectangle
from nas.drawing.wires import Place, wires

MARGIN: Final = 24.0
NAME: Final = 92.0  # the width of what stands before a drawing
LEAST: Final = 400.0  # widths of a drawing, with the words above it
MOST: Final = 620.0
SHARE: Final = 92.0  # a column's width
BETWEEN: Final = 26.0  # columns
PAD: Final = 9.0  # inside a row, above and below
GAP: Final = 14.0  # between rows: the way from one to the next
STAGE_GAP: Final = 22.0
LINE: Final = 15.0
SIZE: Final = 12.0
SMALL: Final = 11.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A part with its drawing; ``new_stage`` where the resolution changes."""

    part: Part
    glyph: Glyph
    colour: str
    new_stage: bool = False


def picture(architecture: Architecture, title: str | None = None) -> Picture:
    """Return the picture of an architecture for a page.

    Data take their way from row to row, stem to head, like lines of text. A row has a
    part's name and words, its units and how they are aggregated, its channels, its
    resolution and its share of all parameters.

    Args:
        architecture: to draw.
        title: stands above it; left out when None.
    """
    facts = outline(architecture)
    rows = _rows(architecture, facts)
    chips = _chips(architecture)
    taps = max((chip.end[0] + 20 for chip in chips.values()), default=0.0)
    taps += 40 if facts.parts[-2].name == "fusion" else 16
    widest = max(row.glyph.bounds[2] for row in rows)
    words = max(text_width(row.part.description, SIZE) for row in rows)
    middle = min(max(widest + taps, words + 8, LEAST), MOST + taps)
    left = MARGIN + NAME
    columns = _Columns.behind(left + middle, facts.parts)
    width = columns.right + 12 + MARGIN
    shapes: list[Shape] = []
    y = MARGIN
    if title is not None:
        text = cut(plain_text(title), 16, width - 2 * MARGIN, bold=True)
        y += 14
        shapes.append(Text(x=MARGIN, y=y, text=text, size=16, colour=INK, bold=True))
        y += 20
    else:
        y += 10
    subtitle = _subtitle(architecture, facts)
    shapes.append(Text(x=MARGIN, y=y, text=subtitle, size=SIZE, colour=GREY))
    y += 24
    shapes += columns.headings(y)
    y += 8
    places: list[Place] = []
    cards: list[Shape] = []
    drawn: list[Shape] = []
    for row in rows:
        y += (STAGE_GAP if row.new_stage else GAP) if places else 0
        lines = wrapped(row.part.description, SIZE, middle - 4, most=3)
        _, top, _, bottom = row.glyph.bounds
        first = y + PAD + 11
        entry = first + LINE * (len(lines) - 1) + 10 - top
        height = entry + bottom + PAD - y
        cards += _card(y, width, height, row.colour)
        drawn += [
            Text(x=left + 2, y=first + LINE * i, text=line, size=SIZE, colour=INK)
            for i, line in enumerate(lines)
        ]
        drawn.append(
            Text(
                x=MARGIN + 14,
                y=first,
                text=row.part.name,
                size=13,
                colour=INK,
                bold=True,
            )
        )
        drawn += columns.cells(row.part, first, row.colour)
        glyph = row.glyph.moved(left + 2, entry)
        drawn += glyph.shapes
        places.append(
            Place(enter=(left + 2, entry), leave=glyph.end, top=y, bottom=y + height)
        )
        y += height
    flows = wires(architecture, places, chips, left, left + middle)
    y += 16
    notes = _notes(facts, left, width, y)
    y += notes[1]
    keys = legend(architecture, MARGIN, width - MARGIN, y)
    y = keys.bottom
    return Picture(
        width=round(width),
        height=round(y + MARGIN - 6),
        shapes=(*shapes, *cards, *flows, *drawn, *notes[0], *keys.shapes),
        title=plain_text(title) if title is not None else "architecture",
        description=in_words(architecture, facts),
    )


def in_words(architecture: Architecture, facts: Outline) -> str:
    """Return what a picture shows to those who hear it: a line for each part."""
    lines = [f"{_subtitle(architecture, facts)}."]
    for part in (*facts.parts, *facts.aux):
        height, width = part.resolution
        lines.append(
            f"{part.name}: {plain_text(part.description)}; "
            f"{part.w_in} to {part.w_out} channels, {height}x{width}, "
            f"{part.params:,} parameters."
        )
    return "\n".join(lines)


def _rows(architecture: Architecture, facts: Outline) -> list[_Row]:
    room = MOST
    rows = []
    blocks = iter(enumerate(architecture.blocks))
    for part in facts.parts:
        if part.name == "stem":
            glyph, colour, new = stem_glyph(architecture, room, PAGE), GREY, False
        elif part.name == "head":
            glyph, colour, new = head_glyph(PAGE), GREY, True
        elif part.name == "fusion":
            glyph, colour, new = fusion_glyph(architecture, room, PAGE), GREY, True
        else:
            i, block = next(blocks)
            glyph = block_glyph(block, architecture.widths[i], room, PAGE)
            colour = AGGREGATION_COLOURS[block.aggregation.kind]
            new = architecture.resolutions[i] != architecture.resolutions[i + 1]
            new = new or i == 0
        rows.append(_Row(part=part, glyph=glyph, colour=colour, new_stage=new))
    return rows


def _chips(architecture: Architecture) -> dict[int, Glyph]:
    """Return the box of the auxiliary heads on each block that has some."""
    numbers: dict[int, list[int]] = {}
    for i, head in enumerate(architecture.aux):
        numbers.setdefault(head.after, []).append(i + 1)
    return {
        after: aux_glyph(
            f"aux {', '.join(map(str, own))}" if len(own) < 4 else f"{len(own)} aux",
            PAGE,
        )
        for after, own in numbers.items()
    }


def _subtitle(architecture: Architecture, facts: Outline) -> str:
    shape = "x".join(map(str, architecture.input_shape))
    return (
        f"{shape} images, {architecture.num_classes:,} classes, "
        f"{facts.params:,} parameters, {human(facts.macs)} multiply-accumulates"
    )


def _card(y: float, width: float, height: float, colour: str) -> list[Shape]:
    whole = rectangle(MARGIN, y, width - 2 * MARGIN, height, 4)
    strip = rectangle(MARGIN, y, 4, height)
    return [Path(steps=whole, fill=CARD), Path(steps=strip, fill=colour)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """The x of the right ends of two columns, and of the left end of the third."""

    channels: float
    resolution: float
    share: float

    @classmethod
    def behind(cls, x: float, parts: Sequence[Part]) -> "_Columns":
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
            Path(steps=rectangle(self.share, y + 7, SHARE, 7), fill=TRACK),
        ]
        if part.share > 0:
            filled = max(1.0, part.share * SHARE)
            bar = rectangle(self.share, y + 7, filled, 7)
            texts.append(Path(steps=bar, fill=colour))
        return texts


def _channels(part: Part) -> str:
    return f"{part.w_in} → {part.w_out}"


def _resolution(part: Part) -> str:
    return f"{part.resolution[0]}x{part.resolution[1]}"


def _widest(heading: str, texts: Iterable[str]) -> float:
    return max(text_width(heading, SMALL), *(text_width(text, SIZE) for text in texts))


def _notes(
    facts: Outline, left: float, width: float, y: float
) -> tuple[list[Shape], float]:
    """Return the auxiliary heads in words, and how high that is."""
    shapes: list[Shape] = []
    top = y
    for part in facts.aux:
        y += LINE
        room = width - MARGIN - left
        text = f"{part.description} ({human(part.params)} parameters)"
        shapes.append(Text(x=MARGIN + 14, y=y, text=part.name, size=SMALL, colour=GREY))
        for i, line in enumerate(wrapped(text, SMALL, room, most=2)):
            y += LINE if i else 0
            shapes.append(Text(x=left + 2, y=y, text=line, size=SMALL, colour=GREY))
    return shapes, y - top + (10 if facts.aux else 0)
