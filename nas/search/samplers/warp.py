"""Bad results pressed together, so that they do not rule what is thought of others."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from nas.search.samplers.codes import Rows

WIDTHS: Final = (math.inf, 2.0, 1.0, 0.5)
"""What is tried, in standard deviations of the results; the first changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warp:
    """Leaves values up to the center as they are, and what is beyond as a logarithm.

    A network that fails to learn may have ten times the error of its neighbours. To a
    Gaussian process that is a cliff, and it either smooths the good region too much or
    is too sure of it. On the good side of the center nothing changes, so predictions of
    what could be on the front keep their unit.

    Args:
        center: where it begins.
        width: how far beyond the center values are about as they were.
    """

    center: float = 0.0
    width: float = math.inf

    @classmethod
    def of(cls, values: Rows, width: float) -> "Warp":
        """Return the warp at the median of values, for a width in ``WIDTHS``."""
        spread = float(values.std()) or 1.0
        return cls(center=float(np.median(values)), width=width * spread)

    def __call__(self, values: Rows) -> Rows:
        """Return the values, warped."""
        if math.isinf(self.width):
            return values
        beyond = np.maximum(values - self.center, 0)
        pressed = self.center + self.width * np.log1p(beyond / self.width)
        return np.where(beyond > 0, pressed, values)

    def log_slope(self, values: Rows) -> float:
        """Return the sum of the logs of the slopes at values.

        Added to the log likelihood of warped values, it makes that of the values.
        """
        beyond = np.maximum(values - self.center, 0)
        return -float(np.log1p(beyond / self.width).sum())
