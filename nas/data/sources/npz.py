"""NumPy archives of images and labels."""

import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, TypeVar, final

import numpy as np
from numpy.typing import NDArray

from nas.data.sources.arrays import Arrays, parts_of
from nas.data.sources.base import ALL, Opened, Source
from nas.data.sources.rows import Rows, in_memory, streamed
from nas.data.sources.stat import state_of
from nas.errors import DataError, printable, shown

NAMES: Final = {
    "train": (("x_train", "y_train"), ("train_images", "train_labels")),
    "validation": (("x_val", "y_val"), ("val_images", "val_labels")),
    "test": (("x_test", "y_test"), ("test_images", "test_labels")),
    ALL: (("x", "y"), ("images", "labels")),
}
"""What the images and labels of each split may be called; MedMNIST has the second."""

CLASSES: Final = "classes"
"""An optional array of names of the labels 0, 1, 2..."""

Value = TypeVar("Value")

_DAMAGED: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    MemoryError,
    OverflowError,
    RuntimeError,  # encrypted, or packed in a way that zipfile does not know
    SyntaxError,  # in an array's header, which is a Python literal
)


def by_split(
    where: str, found: Mapping[str, Value]
) -> dict[str, tuple[str, Value, str, Value]]:
    """Return the (name, images, name, labels) of each split.

    Raises:
        DataError: when there is none, or only half of one.
    """
    splits = {}
    for split, pairs in NAMES.items():
        for images, labels in pairs:
            if (images in found) != (labels in found):
                has, lacks = (images, labels) if images in found else (labels, images)
                raise DataError(f"{where} has {has} but no {lacks}; save both")
            if images in found:
                splits[split] = (images, found[images], labels, found[labels])
    if ALL in splits and len(splits) > 1:
        images, _, labels, _ = splits[ALL]
        raise DataError(
            f"{where} has {images}, {labels} and splits besides; "
            "call the training images x_train, y_train"
        )
    if "train" not in splits and ALL not in splits:
        raise DataError(
            f"{where} must have x and y, or x_train and y_train (x_val, y_val, x_test "
            f"and y_test are optional); got {listed(found)}"
        )
    return splits


def listed(found: Collection[str]) -> str:
    """Return names as an error lists them."""
    names = [shown(name)[1:-1] for name in sorted(found)]
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "") or "nothing"


@final
@dataclass(frozen=True, slots=True)
class Npz(Source):
    """A ``.npz`` file, of which no more is unpacked at a time than a few images."""

    path: Path

    @property
    def place(self) -> str:
        """The file."""
        return str(self.path)

    def state(self) -> str:
        """Return the file's size and time of change."""
        return state_of([self.path])

    def open(self) -> Opened:
        """Return the splits that the archive holds."""
        members = _members(self.path)
        splits = {}
        for split, (x, images, y, labels) in by_split(self.place, members).items():
            splits[split] = Arrays(x, self._rows(images), y, self._whole(labels))
        names = None
        if CLASSES in members:
            given = self._whole(members[CLASSES]).astype(str)
            names = dict(enumerate(given.ravel().tolist()))
        return Opened(parts=parts_of(self.place, splits), names=names)

    def _rows(self, member: str) -> Rows:
        shape, is_fortran, dtype = self._header(member)
        if is_fortran or not shape:  # its rows are all over the file
            return in_memory(np.atleast_1d(self._whole(member)))

        @contextmanager
        def open_rows() -> Iterator[IO[bytes]]:
            with self._opened(member) as file:
                _read_header(file)
                yield file

        return streamed(f"{self.path}: {member}", shape, dtype, open_rows)

    def _whole(self, member: str) -> NDArray[Any]:
        self._header(member)
        with self._opened(member) as file:
            array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        return array

    def _header(self, member: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
        with self._opened(member) as file:
            shape, is_fortran, dtype = _read_header(file)
        if dtype.hasobject:
            name = member.removesuffix(".npy")
            raise DataError(
                f"{self.path}: {name} holds pickled objects, which could run code and "
                "are not loaded; save it as a plain array of numbers (or of strings)"
            )
        return shape, is_fortran, dtype

    @contextmanager
    def _opened(self, member: str) -> Iterator[IO[bytes]]:
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(member) as file:
                yield file
        except _DAMAGED as error:
            if isinstance(error, DataError):
                raise
            name = printable(member)[:60]
            raise DataError(
                f"{self.path}: {name} is damaged ({_said(error)}); save the file again"
            ) from error


def _members(path: Path) -> dict[str, str]:
    """Return the archive's members by the names of their arrays, in lower case."""
    try:
        with zipfile.ZipFile(path) as archive:
            files = archive.namelist()
    except _DAMAGED as error:
        raise DataError(
            f"{path} is not an archive of arrays ({_said(error)}); "
            "write it with numpy.savez_compressed(file, x=images, y=labels)"
        ) from error
    return {name.removesuffix(".npy").lower(): name for name in files}


def _said(error: BaseException) -> str:
    """Return what an error says, which may quote all of a damaged header."""
    return printable(str(error))[:200] or type(error).__name__


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return (shape, whether columns go first, dtype) and stop at the first element."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(file)
    raise ValueError(f"unknown version {version[0]}.{version[1]}")
