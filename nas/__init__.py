"""Neural architecture search for small image classifiers.

>>> from nas import search
>>> run = search(data="digits", max_params=30_000, trials=12)
>>> run.export("out", run.best(max_params=10_000))

Importing the package is instant; each name is loaded when it is first used.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

__version__ = "0.1.0"

if TYPE_CHECKING:
    from nas.ablating import ablate
    from nas.api import repair, repeat, resume, search, search_from
    from nas.arch import Architecture
    from nas.errors import NasError, SearchFailed
    from nas.finals import retrain
    from nas.measuring import measure
    from nas.records import Recipe, TrialRecord
    from nas.run import Run
    from nas.space import BoundSpace, SearchSpace

_HOMES: Final = {
    "Architecture": "nas.arch",
    "BoundSpace": "nas.space",
    "NasError": "nas.errors",
    "Recipe": "nas.records",
    "Run": "nas.run",
    "SearchFailed": "nas.errors",
    "SearchSpace": "nas.space",
    "TrialRecord": "nas.records",
    "ablate": "nas.ablating",
    "measure": "nas.measuring",
    "repair": "nas.api",
    "repeat": "nas.api",
    "resume": "nas.api",
    "retrain": "nas.finals",
    "search": "nas.api",
    "search_from": "nas.api",
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
    "ablate",
    "measure",
    "repair",
    "repeat",
    "resume",
    "retrain",
    "search",
    "search_from",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'nas' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


class _Package(ModuleType):
    """Keeps the function ``nas.search`` apart from the package of the same name."""

    def __setattr__(self, name: str, value: Any) -> None:
        # Python binds a package that it has loaded to its parent, over the function.
        if name not in _HOMES or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
