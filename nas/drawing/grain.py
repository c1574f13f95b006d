"""How large the parts of a block are drawn."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Grain:
    """Measures of what stands for a block.

    A unit is a box of ``unit_width`` x ``unit_height``, and ``gap`` behind it leads to
    the next; where a row has no room, both get narrower. At most ``most`` units are
    drawn, the ``detailed`` ones with their layers. ``node`` is the radius of what
    merges, ``arc`` the height of a shortcut, ``level`` of a tree's level, ``band`` of
    concatenated channels, ``stroke`` the width of a line, ``radius`` that of a box's
    corners and ``bend`` that of a line's.
    """

    unit_width: float
    unit_height: float
    gap: float
    most: int
    node: float
    arc: float
    level: float
    band: float
    stroke: float
    radius: float
    bend: float
    detailed: bool


PAGE: Final = Grain(
    unit_width=34,
    unit_height=28,
    gap=26,
    most=24,
    node=6.5,
    arc=15,
    level=17,
    band=26,
    stroke=1.4,
    radius=3,
    bend=6.5,
    detailed=True,
)
THUMBNAIL: Final = Grain(
    unit_width=8,
    unit_height=8,
    gap=6,
    most=12,
    node=2,
    arc=4,
    level=5,
    band=8,
    stroke=1,
    radius=0,
    bend=0,
    detailed=False,
)
