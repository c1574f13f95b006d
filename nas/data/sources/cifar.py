"""The batches of CIFAR-10 and CIFAR-100, binary and python."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from nas.data.sources.arrays import Arrays, parts_of
from nas.data.sources.base import ALL, Opened, Source
from nas.data.sources.cifar_pickle import read_batch
from nas.data.sources.rows import in_memory
from nas.data.sources.stat import state_of
from nas.errors import DataError, shown

_PIXELS: Final = 3 * 32 * 32

_BATCHES: Final = {
    "data_batch": "train",
    "test_batch": "test",
    "train": "train",
    "test": "test",
}
_BINARY: Final = re.compile(r"(data_batch)_\d+\.bin|(test_batch|train|test)\.bin")
_PYTHON: Final = re.compile(r"(data_batch)_\d+|(test_batch|train|test)")

Labelled = tuple[NDArray[np.uint8], NDArray[np.int64]]
"""Images (N, 3, 32, 32) and labels (N,)."""


@final
@dataclass(frozen=True, slots=True)
class CifarBinary(Source):
    """``data_batch_1.bin`` to 5 and ``test_batch.bin``, or ``train`` and ``test.bin``.

    A record is a label, in CIFAR-100 a coarse one and a fine one, of a byte each, then
    the red, green and blue pixels.
    """

    path: Path

    @staticmethod
    def recognises(path: Path) -> bool:
        """Tell whether a folder has such files."""
        return path.is_dir() and any(_batches(path, _BINARY).values())

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.path)

    def state(self) -> str:
        """Return the names, sizes and times of change of the files."""
        found = _batches(self.path, _BINARY)
        return state_of([file for files in found.values() for file in files])

    def open(self) -> Opened:
        """Return the splits there are files of."""
        found = _batches(self.path, _BINARY)
        splits = {
            split: [_binary(file) for file in files] for split, files in found.items()
        }
        for name in ("batches.meta.txt", "fine_label_names.txt"):
            meta = self.path / name
            if meta.is_file():
                return _opened(self.place, splits, _words(meta))
        return _opened(self.place, splits, None)


@final
@dataclass(frozen=True, slots=True)
class CifarPython(Source):
    """``data_batch_1`` to 5 and ``test_batch``, or ``train`` and ``test``, and meta.

    They are pickles, of which nothing but data is taken.
    """

    path: Path

    @staticmethod
    def recognises(path: Path) -> bool:
        """Tell whether a folder has such files."""
        return path.is_dir() and any(_batches(path, _PYTHON).values())

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.path)

    def state(self) -> str:
        """Return the names, sizes and times of change of the files."""
        found = _batches(self.path, _PYTHON)
        return state_of([file for files in found.values() for file in files])

    def open(self) -> Opened:
        """Return the splits there are files of."""
        found = _batches(self.path, _PYTHON)
        splits = {
            split: [_python(file) for file in files] for split, files in found.items()
        }
        for name, key in (
            ("batches.meta", "label_names"),
            ("meta", "fine_label_names"),
        ):
            meta = self.path / name
            if meta.is_file():
                names = read_batch(meta).get(key, [])
                return _opened(self.place, splits, _names(meta, names))
        return _opened(self.place, splits, None)


def _batches(folder: Path, name: re.Pattern[str]) -> dict[str, list[Path]]:
    """Return the files of each split."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if (match := name.fullmatch(path.name)) and path.is_file():
            found.setdefault(_BATCHES[match[1] or match[2]], []).append(path)
    return found


def _binary(path: Path) -> Labelled:
    data = np.fromfile(path, np.uint8)
    num_labels = 2 if path.name in ("train.bin", "test.bin") else 1
    length = num_labels + _PIXELS
    if not len(data) or len(data) % length:
        raise DataError(
            f"{path} must hold records of {length:,} bytes; got {len(data):,} bytes; "
            "get the file again"
        )
    records = data.reshape(-1, length)
    images = records[:, num_labels:].reshape(-1, 3, 32, 32)
    return images, records[:, num_labels - 1].astype(np.int64)


def _python(path: Path) -> Labelled:
    batch = read_batch(path)
    images = batch.get("data")
    labels = batch.get("labels", batch.get("fine_labels"))
    if not isinstance(images, np.ndarray) or labels is None:
        found = ", ".join(shown(key)[1:-1] for key in batch) or "nothing"
        raise DataError(
            f"{path} must have 'data' and 'labels' or 'fine_labels'; got {found}; "
            "get the file again"
        )
    if images.dtype != np.uint8 or images.shape[1:] != (_PIXELS,):
        raise DataError(
            f"{path}: data must be uint8 (N, {_PIXELS}); got {images.dtype} "
            f"{images.shape}; get the file again"
        )
    if not isinstance(labels, np.ndarray) and not (
        isinstance(labels, list) and all(type(label) is int for label in labels)
    ):
        raise DataError(f"{path}: labels must be whole numbers; get the file again")
    return images.reshape(-1, 3, 32, 32), _whole(path, labels)


def _opened(
    place: str, splits: dict[str, list[Labelled]], names: Sequence[str] | None
) -> Opened:
    arrays = {}
    for split, batches in splits.items():
        images = np.concatenate([images for images, _ in batches])
        labels = np.concatenate([labels for _, labels in batches])
        arrays[split] = Arrays(
            f"{split} data", in_memory(images), f"{split} labels", labels
        )
    if set(arrays) == {"test"}:
        arrays = {ALL: arrays["test"]}
    return Opened(
        parts=parts_of(place, arrays), names=dict(enumerate(names)) if names else None
    )


def _words(path: Path) -> list[str]:
    return path.read_text("utf-8", "replace").split()


def _whole(path: Path, labels: Any) -> NDArray[np.int64]:
    """Return labels as an array of integers of 64 bits."""
    try:
        return np.asarray(labels).astype(np.int64)
    except (OverflowError, ValueError) as error:
        raise DataError(f"{path}: labels: {error}; get the file again") from error


def _names(path: Path, names: Any) -> list[str]:
    if not isinstance(names, list) or not all(
        isinstance(name, bytes | str) for name in names
    ):
        raise DataError(f"{path}: the names of labels must be texts")
    return [n.decode("latin-1") if isinstance(n, bytes) else n for n in names]
