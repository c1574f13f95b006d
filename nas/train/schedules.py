"""Learning-rate schedules: the share of the peak rate at a progress in [0, 1].

They fall as half a cosine. The warm-up of one is that of Goyal et al. 2017.
"""

from collections.abc import Callable
from math import cos, pi
from typing import Final


def one_cycle(progress: float) -> float:
    """Go up from 1/25 over the first 30%, then down to 0 (Smith and Topin 2018)."""
    if progress < 0.3:
        return 1 / 25 + (1 - 1 / 25) * ((1 - cos(pi * (progress / 0.3))) / 2)
    return 1 - (1 - cos(pi * ((progress - 0.3) / 0.7))) / 2


def cosine(progress: float) -> float:
    """Go straight up over 5%, then down to 0 (Loshchilov and Hutter 2017)."""
    if progress < 0.05:
        return progress / 0.05
    return 1 - (1 - cos(pi * ((progress - 0.05) / 0.95))) / 2


SCHEDULES: Final[dict[str, Callable[[float], float]]] = {
    "one-cycle": one_cycle,
    "cosine": cosine,
}
