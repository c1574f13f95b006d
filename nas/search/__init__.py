"""The search: configuration, run folder, proposals and the loop.

Importing it loads neither torch nor Optuna; running a search does.
"""

from typing import TYPE_CHECKING, Any

from nas.search.config import SearchConfig
from nas.search.events import (
    Begun,
    Event,
    Finished,
    Notice,
    Paused,
    Promoted,
    Repeated,
    RetrainingBegun,
    RetrainingFinished,
    RetrainingQuantized,
    RetrainingStarted,
    Started,
)
from nas.search.run import RunFolder
from nas.search.samplers import SAMPLERS

if TYPE_CHECKING:
    from nas.search.samplers.size_aware import SizeAwareSampler

__all__ = [
    "SAMPLERS",
    "Begun",
    "Event",
    "Finished",
    "Notice",
    "Paused",
    "Promoted",
    "Repeated",
    "RetrainingBegun",
    "RetrainingFinished",
    "RetrainingQuantized",
    "RetrainingStarted",
    "RunFolder",
    "SearchConfig",
    "SizeAwareSampler",
    "Started",
]


def __getattr__(name: str) -> Any:
    if name == "SizeAwareSampler":
        from nas.search.samplers.size_aware import SizeAwareSampler

        return SizeAwareSampler
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
