"""The colours of pictures: those of Okabe and Ito (2008) for aggregations."""

from typing import Final

INK: Final = "#222222"
GREY: Final = "#666666"
FLOW: Final = "#777777"
TRACK: Final = "#e4e7eb"
CARD: Final = "#f6f7f9"
WHITE: Final = "#ffffff"

# Colour-blind eyes tell them apart.
AGGREGATION_COLOURS: Final = {
    "chain": "#E69F00",
    "sum": "#0072B2",
    "concat": "#D55E00",
    "hierarchical": "#009E73",
    "custom": "#56B4E9",
}


def tint(colour: str, part: float) -> str:
    """Return a colour of which just a part is left, the rest being white."""
    channels = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    mixed = (round(255 - part * (255 - channel)) for channel in channels)
    return "#" + "".join(f"{channel:02x}" for channel in mixed)
