"""What the layouts of figures have in common."""

from collections.abc import Mapping
from typing import Any, Final

LEGEND: Final[Mapping[str, Any]] = {
    "orientation": "h",
    "y": 1,
    "yanchor": "bottom",
    "x": 0,
    "traceorder": "normal",
}
"""Above the figure, where it grows upwards on a phone."""

MARGIN: Final[Mapping[str, int]] = {"t": 62, "r": 14, "b": 20, "l": 20}
"""In pixels: room above for plotly's buttons and one line of a legend."""
