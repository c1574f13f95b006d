"""Rows of an array, read without filling memory with the file it is mapped from."""

from io import FileIO
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray


@final
class Rows:
    """Copies rows out of an array (N, ...) of bytes.

    Of an array that is mapped from a file the rows are read from the file itself. To
    touch its pages would count them as this process's memory, and with each of them
    the system may map megabytes of neighbours.
    """

    def __init__(self, array: NDArray[np.uint8]) -> None:
        self._array = array
        self._path = None
        mapped = _mapped(array)
        if mapped is not None and mapped.filename is not None:
            assert array.flags.c_contiguous
            self._start = mapped.offset + _address(array) - _address(mapped)
            self._path = Path(mapped.filename)

    def read(self, ascending: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return a copy of the rows at some positions, of which none comes twice.

        Raises:
            OSError: the file cannot be read.
        """
        if self._path is None:
            return np.take(self._array, ascending, axis=0)
        rows = np.empty((len(ascending), *self._array.shape[1:]), np.uint8)
        row_bytes = self._array[:1].nbytes
        starts = [0, *np.flatnonzero(np.diff(ascending) != 1) + 1]
        with FileIO(self._path) as file:
            for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
                file.seek(self._start + int(ascending[start]) * row_bytes)
                _fill(file, memoryview(rows[start:end].data).cast("B"))
        return rows


def _fill(file: FileIO, part: memoryview) -> None:
    """Read as many bytes as there is room for."""
    while part:
        count = file.readinto(part)
        if not count:
            raise OSError(f"{file.name} has changed: it ends before its last image")
        part = part[count:]


def _mapped(array: NDArray[np.uint8]) -> "np.memmap[tuple[int, ...], Any] | None":
    """Return the array that was mapped from a file and that this one is a part of."""
    base: object = array
    while isinstance(base, np.ndarray) and isinstance(base.base, np.ndarray):
        base = base.base
    return base if isinstance(base, np.memmap) else None


def _address(array: NDArray[np.uint8]) -> int:
    address: int = array.__array_interface__["data"][0]
    return address
