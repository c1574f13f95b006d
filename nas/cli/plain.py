"""Text from outside as a terminal may show it.

The name of a class, a file or a space may hold what moves the cursor, rings the bell or
turns the line around.
"""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from nas.errors import printable


def plain_console(**options: Any) -> Console:
    """Return a console for texts from outside: no markup, no control characters."""
    return _Plain(markup=False, **options)


class _Plain(Console):
    """A console of which every text is printable; styles are no texts."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the segments of something to print."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(printable(segment.text), segment.style)
