"""How wide texts may get, and texts made to fit."""

from typing import Final

from nas.errors import printable

# In parts of the font's size, at least those of Arial and DejaVu Sans:
# who looks at an SVG may have any of them.
_WIDTHS: Final = {
    character: width
    for width, characters in (
        (0.37, " '|,.:;/\\ijlI-"),
        (0.42, "!()[]ft"),
        (0.47, 'r"'),
        (0.56, "sczJ?*_`"),
        (0.66, "abdeghknopquvxyLTF${}0123456789"),
        (0.70, "ABEKPSVXYZ"),
        (0.84, "CDGHNOQRUw&#+<=>^~→"),
        (0.89, "M"),
        (1.03, "%mW@"),
    )
    for character in characters
}
_ANY_OTHER: Final = 1.0
_BOLD: Final = 1.15
_ELLIPSIS: Final = "…"


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return a width that a text does not exceed in a font of a size."""
    widths = (_WIDTHS.get(character, _ANY_OTHER) for character in text)
    return sum(widths) * size * (_BOLD if bold else 1.0)


def plain_text(text: str) -> str:
    """Return a text from outside as one line, what cannot be seen written out."""
    return printable(" ".join(text.split()))


def cut(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """Return a text, its end left out where it would be too wide."""
    if text_width(text, size, bold=bold) <= width:
        return text
    room = width - text_width(_ELLIPSIS, size, bold=bold)
    kept = 0
    while kept < len(text) and text_width(text[: kept + 1], size, bold=bold) <= room:
        kept += 1
    return text[:kept].rstrip() + _ELLIPSIS


def wrapped(text: str, size: float, width: float, most: int) -> tuple[str, ...]:
    """Return a text as lines of a width at most, none much shorter than the others.

    What does not fit in ``most`` lines is left out.
    """
    lines = _broken(text, size, width)
    if len(lines) > most:
        rest = " ".join(lines[most - 1 :])
        lines = [*lines[: most - 1], rest]
    elif len(lines) > 1:
        narrow = text_width(text, size) / len(lines)
        while narrow < width:
            even = _broken(text, size, narrow)
            if len(even) == len(lines):
                lines = even
                break
            narrow += size
    return tuple(cut(line, size, width) for line in lines)


def _broken(text: str, size: float, width: float) -> list[str]:
    """Return lines that each have as many words as fit, but one at least."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
