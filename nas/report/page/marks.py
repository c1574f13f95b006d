"""Colours and shapes of figures, to be seen on a light ground and on a dark one.

Each colour has a contrast of at least 3:1 to both, as WCAG 2.2 asks for (1.4.11), and
none goes without a shape or a pattern.
"""

from dataclasses import dataclass
from typing import Final

from nas.drawing.palette import AGGREGATION_COLOURS


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How something looks: the colour, plotly's names of a symbol and of a pattern."""

    colour: str
    symbol: str
    pattern: str


BLUE: Final = AGGREGATION_COLOURS["sum"]
RED: Final = AGGREGATION_COLOURS["concat"]
GREEN: Final = AGGREGATION_COLOURS["hierarchical"]
PINK: Final = "#CC79A7"
GREY: Final = "var(--muted)"
"""The page's own grey, which is another one in the dark."""
AMBER: Final = "#B87F00"
"""Orange of the palette, which is too bright for white, but darker."""

AGGREGATIONS: Final = {
    "sum": Mark(colour=BLUE, symbol="circle", pattern=""),
    "concat": Mark(colour=RED, symbol="square", pattern="/"),
    "hierarchical": Mark(colour=GREEN, symbol="triangle-up", pattern="x"),
}
CUSTOM: Final = (
    Mark(colour=PINK, symbol="diamond", pattern="."),
    Mark(colour=AMBER, symbol="cross", pattern="-"),
    Mark(colour=GREY, symbol="star", pattern="|"),
)
"""Aggregations of plugins, in turn."""


def aggregation_marks(names: tuple[str, ...]) -> dict[str, Mark]:
    """Return a mark for each aggregation: its own, or that of a plugin."""
    others = [name for name in names if name not in AGGREGATIONS]
    return {
        name: AGGREGATIONS.get(name) or CUSTOM[others.index(name) % len(CUSTOM)]
        for name in names
    }
