"""Two splits as one: to train on all that was not held out for the test."""

import os
from pathlib import Path
from typing import Final

import numpy as np

from nas.data.dataset import Split
from nas.errors import DataError

_NAME: Final = "train+validation.npy"
_BLOCK: Final = 4096


def joined(train: Split, validation: Split) -> Split:
    """Return the images of both, those of the first one first.

    Images that are mapped from a file become a file beside it, which is mapped, too,
    and made only once: they may be larger than memory.

    Raises:
        DataError: when that file cannot be written.
    """
    labels = np.concatenate([train.labels, validation.labels])
    mapped = train.images
    if not isinstance(mapped, np.memmap) or mapped.filename is None:
        images = np.concatenate([train.images, validation.images])
        return Split(images=images, labels=labels)
    path = Path(mapped.filename).with_name(_NAME)
    shape = (len(labels), *mapped.shape[1:])
    try:
        if not path.exists():
            _write(path, shape, (train, validation))
        # Copy on write: what is written by mistake never reaches the file.
        images = np.load(path, mmap_mode="c")
    except OSError as error:
        raise DataError(
            f"{path}: training and validation images cannot be stored together: "
            f"{error.strerror or error}; make room there"
        ) from error
    assert images.shape == shape, (images.shape, shape)
    return Split(images=images, labels=labels)


def _write(path: Path, shape: tuple[int, ...], splits: tuple[Split, ...]) -> None:
    """Write all images to one file, block by block; it appears as a whole."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            for split in splits:
                for start in range(0, len(split), _BLOCK):
                    block = split.images[start : start + _BLOCK]
                    file.write(np.ascontiguousarray(block).data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
