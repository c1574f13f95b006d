"""The arrays that a LightningDataModule gives. Known by its methods: no Lightning."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nas.errors import DataError

_METHODS: Final = (
    "prepare_data",
    "setup",
    "train_dataloader",
    "val_dataloader",
    "test_dataloader",
)

_SPLITS: Final = (("train", "fit"), ("val", "fit"), ("test", "test"))
"""Each split, and the stage that is set up for it."""


def is_data_module(value: object) -> bool:
    """Tell whether a value has the methods of a LightningDataModule."""
    return all(callable(getattr(value, name, None)) for name in _METHODS)


def read_data_module(module: Any) -> dict[str, NDArray[Any]]:
    """Return all images and labels, called as in a ``.npz`` file.

    Transforms are applied once: augmentation belongs to the training's recipe.

    Raises:
        DataError: when its batches are not pairs of images and labels.
    """
    module.prepare_data()
    arrays = {}
    stages = set()
    for split, stage in _SPLITS:
        method = getattr(module, f"{split}_dataloader")
        # Lightning's own methods of that name only raise.
        if method.__module__.endswith(".core.hooks"):
            continue
        if stage not in stages:
            module.setup(stage)
            stages.add(stage)
        batches = list(_batches(method(), f"{split}_dataloader"))
        if batches:
            arrays[f"x_{split}"] = np.concatenate([images for images, _ in batches])
            arrays[f"y_{split}"] = np.concatenate([labels for _, labels in batches])
    return arrays


def as_array(value: Any) -> NDArray[Any]:
    """Return an array, a list or a tensor of any device as an array."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    return np.asarray(value)


def _batches(loader: Any, name: str) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    for one in loader if isinstance(loader, list | tuple) else [loader]:
        for batch in one:
            if not isinstance(batch, list | tuple) or len(batch) < 2:
                raise DataError(
                    f"{name} must give batches of (images, labels); "
                    f"got {type(batch).__name__}"
                )
            yield as_array(batch[0]), as_array(batch[1])
