"""Neural architecture search for small image classifiers.

>>> from nas import search
>>> run = search(data="digits", max_params=30_000, trials=12)
>>> run.export("out", run.best(max_params=10_000))

Importing the package is instant; each name is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

__version__ = "0.1.0"

if TYPE_CHECKING:
    from nas.api import Run, resume, search
    from nas.arch import Architecture
    from nas.errors import NasError, SearchFailed
    from nas.records import Recipe, TrialRecord
    from nas.space import BoundSpace, SearchSpace

_HOMES: Final = {
    "Architecture": "nas.arch",
    "BoundSpace": "nas.space",
    "NasError": "nas.errors",
    "Recipe": "nas.records",
    "Run": "nas.api",
    "SearchFailed": "nas.errors",
    "SearchSpace": "nas.space",
    "TrialRecord": "nas.records",
    "resume": "nas.api",
    "search": "nas.api",
}

__all__ = [
    "Architecture",
    "BoundSpace",
    "NasError",
    "Recipe",
    "Run",
    "SearchFailed",
    "SearchSpace",
    "TrialRecord",
    "resume",
    "search",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'nas' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    # To stay: importing the package nas.search has taken the name of the function.
    globals()[name] = value
    return value
