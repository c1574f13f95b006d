"""The picture of an architecture: a row for every part, data running through them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from nas.arch import Architecture
from nas.drawing.blocks import block_glyph
from nas.drawing.columns import SIZE, SMALL, Columns
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
)
from nas.drawing.shapes import Path, Picture, Shape, Text, rectangle
from nas.drawing.wires import Place, wires

MARGIN: Final = 24.0
LEAST: Final = 400.0  # widths of a drawing, with the words above it
MOST: Final = 620.0
PAD: Final = 9.0  # inside a row, above and below
GAP: Final = 14.0  # between rows: the way from one to the next
STAGE_GAP: Final = 22.0
LINE: Final = 15.0
NAME: Final = 13.0  # sizes of letters
TITLE: Final = 16.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A part with its words and drawing; ``new_stage`` where resolutions change."""

    part: Part
    words: str
    glyph: Glyph
    colour: str
    new_stage: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What all rows have in common: where drawings begin and end, and the columns.

    Words go no further than ``words``, so that they end before the way to a fusion.
    """

    left: float
    right: float
    words: float
    columns: Columns

    @classmethod
    def around(cls, rows: Sequence[_Row], chips: Iterable[Glyph]) -> "_Frame":
        parts = [row.part for row in rows]
        bus = 30.0 if any(part.name == "fusion" for part in parts) else 6.0
        taps = bus + 10 + max((chip.end[0] + 20 for chip in chips), default=0.0)
        widest = max(row.glyph.bounds[2] for row in rows)
        words = max(text_width(row.words, SIZE) for row in rows)
        middle = min(max(widest + taps, words + bus, LEAST), MOST + taps)
        names = max(text_width(part.name, NAME, bold=True) for part in parts)
        left = MARGIN + 14 + names + 22
        right = left + middle
        return cls(
            left=left,
            right=right,
            words=right - bus,
            columns=Columns.behind(right, parts),
        )

    @property
    def width(self) -> float:
        """The width of the page."""
        return self.columns.right + 12 + MARGIN


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
    rows, chips = _rows(architecture, facts), _chips(architecture)
    frame = _Frame.around(rows, chips.values())
    shown = None if title is None else plain_text(title)
    shapes, y = _heading(shown, _subtitle(architecture, facts), frame)
    places: list[Place] = []
    drawn: list[Shape] = []
    for row in rows:
        y += (STAGE_GAP if row.new_stage else GAP) if places else 0
        card, inside, place = _row_shapes(row, y, frame)
        shapes += card
        drawn += inside
        places.append(place)
        y = place.bottom
    shapes += wires(architecture, places, chips, frame.left, frame.right)
    notes, y = _notes(facts, frame, y + 16)
    keys = legend(architecture, MARGIN, frame.width - MARGIN, y)
    return Picture(
        width=round(frame.width),
        height=round(keys.bottom + MARGIN - 6),
        shapes=(*shapes, *drawn, *notes, *keys.shapes),
        title=shown or "architecture",
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
    rows = []
    blocks = iter(enumerate(architecture.blocks))
    for part in facts.parts:
        if part.name == "stem":
            glyph, colour, new = stem_glyph(architecture, MOST, PAGE), GREY, False
        elif part.name == "head":
            glyph, colour, new = head_glyph(PAGE), GREY, True
        elif part.name == "fusion":
            glyph, colour, new = fusion_glyph(architecture, MOST, PAGE), GREY, True
        else:
            i, block = next(blocks)
            glyph = block_glyph(block, architecture.widths[i], MOST, PAGE)
            colour = AGGREGATION_COLOURS[block.aggregation.kind]
            new = architecture.resolutions[i] != architecture.resolutions[i + 1]
            new = new or i == 0
        words = plain_text(part.description)  # with names from outside
        rows.append(
            _Row(part=part, words=words, glyph=glyph, colour=colour, new_stage=new)
        )
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


def _heading(
    title: str | None, subtitle: str, frame: _Frame
) -> tuple[list[Shape], float]:
    """Return what stands above the rows, and the y where they begin."""
    shapes: list[Shape] = []
    y = MARGIN + 10
    if title is not None:
        text = cut(title, TITLE, frame.width - 2 * MARGIN, bold=True)
        y += 4
        shapes.append(Text(x=MARGIN, y=y, text=text, size=TITLE, colour=INK, bold=True))
        y += 20
    shapes.append(Text(x=MARGIN, y=y, text=subtitle, size=SIZE, colour=GREY))
    y += 24
    shapes += frame.columns.headings(y)
    return shapes, y + 8


def _row_shapes(
    row: _Row, y: float, frame: _Frame
) -> tuple[list[Shape], list[Shape], Place]:
    """Return a row's ground, what stands on it, and where data come and go."""
    left = frame.left + 2
    lines = wrapped(row.words, SIZE, frame.words - frame.left, most=3)
    _, top, _, bottom = row.glyph.bounds
    first = y + PAD + 11  # a baseline
    entry = first + LINE * (len(lines) - 1) + 10 - top
    end = entry + bottom + PAD
    name = row.part.name
    glyph = row.glyph.moved(left, entry)
    inside: list[Shape] = [
        Text(x=MARGIN + 14, y=first, text=name, size=NAME, colour=INK, bold=True),
        *(
            Text(x=left, y=first + LINE * i, text=line, size=SIZE, colour=INK)
            for i, line in enumerate(lines)
        ),
        *frame.columns.cells(row.part, first, row.colour),
        *glyph.shapes,
    ]
    whole = rectangle(MARGIN, y, frame.width - 2 * MARGIN, end - y, 4)
    strip = rectangle(MARGIN, y, 4, end - y)
    card: list[Shape] = [Path(steps=whole, fill=CARD)]
    card.append(Path(steps=strip, fill=row.colour))
    place = Place(enter=(left, entry), leave=glyph.end, top=y, bottom=end)
    return card, inside, place


def _notes(facts: Outline, frame: _Frame, y: float) -> tuple[list[Shape], float]:
    """Return the auxiliary heads in words, and the y below them."""
    shapes: list[Shape] = []
    left = frame.left + 2
    for part in facts.aux:
        text = f"{part.description} ({human(part.params)} parameters)"
        lines = wrapped(text, SMALL, frame.width - MARGIN - left, most=2)
        name = Text(x=MARGIN + 14, y=y + LINE, text=part.name, size=SMALL, colour=GREY)
        shapes.append(name)
        for line in lines:
            y += LINE
            shapes.append(Text(x=left, y=y, text=line, size=SMALL, colour=GREY))
    return shapes, y + (10 if facts.aux else 0)
