"""A data set as a ``.npz`` file that anybody can read, with its splits as they are."""

import os
from pathlib import Path
from typing import Any, Final

import numpy as np

from nas.data.dataset import Dataset
from nas.data.sources.npz import CLASSES, NAMES
from nas.errors import DataError, counted, shown

_LEAST: Final = 2
"""Training images of a class, below which nobody would read the file again."""


def write_npz(dataset: Dataset, path: Path) -> None:
    """Write images, uint8 (N, H, W, C), and labels of the three splits, and the names.

    Read as a source, the file gives the same data set: the same images in the same
    order, whatever its splits were made from. It is there as a whole or not at all.

    Raises:
        DataError: a class has too few training images to be read again.
        OSError: it cannot be written.
    """
    counts = np.bincount(dataset.train.labels, minlength=len(dataset.classes))
    if counts.min() < _LEAST:
        name = shown(dataset.classes[int(counts.argmin())])
        raise DataError(
            f"{dataset.name}: class {name} has {counted(int(counts.min()), 'image')} "
            f"to train on in these splits; a file of them needs {_LEAST}: add images"
        )
    arrays: dict[str, Any] = {CLASSES: np.array(dataset.classes)}
    for split in ("train", "validation", "test"):
        found = getattr(dataset, split)
        (images, labels), *_ = NAMES[split]
        arrays |= {images: found.images.transpose(0, 2, 3, 1), labels: found.labels}
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("xb") as file:
            np.savez_compressed(file, **arrays)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
