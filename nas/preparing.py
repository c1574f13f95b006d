"""What stands between the options of a call and a search that can begin."""

import re
import sys
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Final

from nas.data import Dataset
from nas.data.facts import describe
from nas.data.sources import resolve
from nas.errors import ConfigError, unknown
from nas.executors import start_server
from nas.records import AUGMENTATIONS, Recipe
from nas.search import SearchConfig
from nas.space import BoundSpace, SearchSpace
from nas.train import PRELOAD
from nas.train.policies import may_be_mirrored, suitable_policy

_LONGEST: Final = 60
"""Characters of a name in a run folder's own."""


def check_main_guard() -> None:
    """Refuse to start workers while a worker imports the program that started it.

    Raises:
        ConfigError: naming the line that the program lacks.
    """
    # multiprocessing runs the program under this name before it is the main module.
    imported = sys.modules.get("__mp_main__")
    if imported is not None and imported is not sys.modules["__main__"]:
        raise ConfigError(
            "a program that searches needs the line 'if __name__ == \"__main__\":' "
            "ahead of it, because worker processes import the program; add it, "
            "or train in the program itself with workers=0"
        )


def warm_up(config: SearchConfig) -> None:
    """Let the workers' imports, which take seconds, begin before the data are read.

    Raises:
        DataError: when there is no such source of data, before anything begins.
    """
    with suppress(OSError):  # which `load` puts into words
        resolve(config.data, config.image_size)
    if config.workers != 0:
        start_server(PRELOAD)


def check_fits(space: SearchSpace, dataset: Dataset, max_params: int) -> BoundSpace:
    """Return the space for the data and budget.

    Raises:
        SpaceError: when it has no network that is small enough for the budget.
    """
    view = dataset.for_search()
    return BoundSpace(
        space=space,
        input_shape=view.input_shape,
        num_classes=view.num_classes,
        max_params=max_params,
    )


def suited(recipe: Recipe, dataset: Dataset, flip: bool | None = None) -> Recipe:
    """Return a recipe with the augmentation that suits the data.

    Args:
        recipe: everything else about a training.
        dataset: what is trained on.
        flip: whether images are mirrored; None for what suits the data, too.
    """
    channels, height, width = dataset.for_search().input_shape
    policy = suitable_policy(height, width)
    if flip is None:
        flip = policy != "none" and may_be_mirrored(dataset.name, channels)
    return replace(recipe, augment=policy, flip=flip)


def data_facts(dataset: Dataset) -> dict[str, Any]:
    """Return what a run keeps about its data; `DataFacts` says what that is."""
    return describe(dataset).to_json()


def known_policy(augment: str | None) -> str | None:
    """Return a policy's name, or None where the data will decide."""
    if augment is None or augment == "auto":
        return None
    if augment not in AUGMENTATIONS:
        raise ConfigError(unknown("augment", augment, ("auto", *AUGMENTATIONS)))
    return augment


def given_of(**values: Any) -> dict[str, Any]:
    """Return those of the values that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def free_run_path(data: str, space: str, root: Path = Path("runs")) -> Path:
    """Return the first path 'runs/DATA-SPACE-N' that is not taken."""
    data_name = Path(data).name
    # Names from outside, that may be as long as a name may be, or lead elsewhere.
    names = (re.sub(r"[^\w.-]+", "-", name)[:_LONGEST] for name in (data_name, space))
    stem = "-".join(names).lstrip("-.") or "run"
    return next(path for n in count(1) if not (path := root / f"{stem}-{n}").exists())
