"""Source with places to fill."""

from collections.abc import Mapping
from string import Template
from textwrap import indent


def filled(template: str, pieces: Mapping[str, str]) -> str:
    """Return a template with a piece in the place of every ``$name``.

    On a line of its own the piece may have several lines, which get the indentation of
    the place, or none, which leaves no line behind.
    """
    lines = []
    for line in template.split("\n"):
        place = line.lstrip()
        if not place.startswith("$") or not place[1:].isidentifier():
            lines.append(Template(line).substitute(pieces))
        elif piece := pieces[place[1:]]:
            lines.append(indent(piece, line[: -len(place)]))
    return "\n".join(lines)
