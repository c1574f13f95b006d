"""Arrays that are read some rows at a time, from memory or from a file."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from math import prod
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from nas.data.sources.base import BLOCK_BYTES
from nas.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """An array of which ``blocks`` yields consecutive rows, from the start."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    blocks: Callable[[], Iterator[NDArray[Any]]]

    def __len__(self) -> int:
        return self.shape[0]


def in_memory(array: NDArray[Any]) -> Rows:
    """Return the rows of an array, which may be mapped from a file."""
    step = rows_per_block(array.shape, array.dtype)

    def blocks() -> Iterator[NDArray[Any]]:
        for start in range(0, len(array), step):
            yield array[start : start + step]

    return Rows(shape=array.shape, dtype=array.dtype, blocks=blocks)


def streamed(
    where: str,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    open_rows: Callable[[], AbstractContextManager[IO[bytes]]],
) -> Rows:
    """Return the rows of an array in a file.

    Args:
        where: what errors call the file.
        shape: of the array, rows first.
        dtype: of its elements, which follow each other row by row.
        open_rows: opens the file at the first row.
    """
    row_bytes = dtype.itemsize * prod(shape[1:])
    step = rows_per_block(shape, dtype)

    def blocks() -> Iterator[NDArray[Any]]:
        with open_rows() as file:
            for start in range(0, shape[0], step):
                num_rows = min(step, shape[0] - start)
                data = file.read(num_rows * row_bytes)
                if len(data) < num_rows * row_bytes:
                    raise DataError(
                        f"{where} ends after {start + len(data) // row_bytes} of "
                        f"{shape[0]} images; get the file again"
                    )
                yield np.frombuffer(data, dtype).reshape(num_rows, *shape[1:])

    return Rows(shape=shape, dtype=dtype, blocks=blocks)


def rows_per_block(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Return how many rows make a block of about `BLOCK_BYTES`."""
    row_bytes = dtype.itemsize * prod(shape[1:])
    return max(1, BLOCK_BYTES // max(1, row_bytes))
