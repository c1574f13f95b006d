"""The names under which TensorBoard shows things of a search."""

from typing import Final

from nas.report.bands import Band

HYPERVOLUME: Final = "hypervolume"
BEST: Final = "best_accuracy/of all sizes"
IN_BAND: Final = "best_accuracy/in band "
HYPERVOLUME_BY_EPOCHS: Final = "by_epochs/hypervolume"
BEST_BY_EPOCHS: Final = "by_epochs/best_accuracy"
FINISHED: Final = "trials/finished"
FAILED: Final = "trials/failed"
STOPPED: Final = "trials/stopped early"
IMPORTANCE: Final = "importance/"
"""Stands before the name of a gene."""

CURVE: Final = "front/trial "
"""Stands before the number of a trial."""

FRONT: Final = "front"
FRONT_OF_MEANS: Final = "front, repeated trials with their means"
ABOUT: Final = "about"
FAILURES: Final = "failures"


def in_band(number: int, band: Band) -> str:
    """Return the tag of the best accuracy in a band, the first of which is 1."""
    return f"{IN_BAND}{number}, {band.label}"
