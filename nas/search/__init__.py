"""The search: configuration, run folder, proposals and the loop.

Importing it loads neither torch nor Optuna; running a search does.
"""

from nas.search.config import SearchConfig
from nas.search.events import Begun, Event, Finished, Notice, Started
from nas.search.run import RunFolder
from nas.search.samplers import SAMPLERS

__all__ = [
    "SAMPLERS",
    "Begun",
    "Event",
    "Finished",
    "Notice",
    "RunFolder",
    "SearchConfig",
    "Started",
]
