"""What a source of labelled images is: parts, each with labels and a way to read."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SPLITS: Final = ("train", "validation", "test")

ALL: Final = "all"
"""The name of the one part of a source that has no splits of its own."""

BLOCK_BYTES: Final = 4 << 20
"""About how much of a source's images is in memory at once, for each thread."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """Some consecutive images of a part.

    ``images``, uint8 (n, C, H, W), are those that could be decoded; ``positions``,
    (n,), where in the part they are; ``failures`` names the others, with the reason.
    """

    images: NDArray[np.uint8]
    positions: NDArray[np.intp]
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """A split as its source gives it.

    ``labels``, (N,), are integers or strings, ``shape`` is the (C, H, W) of every
    image, and ``read`` goes through all of them in order.
    """

    labels: NDArray[Any]
    shape: tuple[int, int, int]
    read: Callable[[], Iterator[Block]]

    def __post_init__(self) -> None:
        assert self.labels.ndim == 1, self.labels.shape
        assert self.labels.dtype.kind in "iuU", self.labels.dtype


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opened:
    """A source whose labels are read and whose images can be.

    Args:
        parts: by the names in `SPLITS` as far as there are any, or one by `ALL`.
        names: of labels that are not names themselves.
        warnings: what a user should know, a sentence each.
        grey_if_equal: images that have three equal channels throughout become grey:
            files often say that they have colours and have none.
    """

    parts: Mapping[str, Part]
    names: Mapping[int, str] | None = None
    warnings: tuple[str, ...] = ()
    grey_if_equal: bool = False

    def __post_init__(self) -> None:
        assert set(self.parts) in ({ALL}, set(self.parts) & set(SPLITS)), self.parts


class Source(ABC):
    """Where labelled images come from."""

    @property
    @abstractmethod
    def place(self) -> str:
        """What it is called in errors, and what tells it from all others."""

    @abstractmethod
    def state(self) -> str | None:
        """Return what changes whenever the images do, in much less time than reading.

        None for images that take less time to make than a cache takes to open.

        Raises:
            DataError: when there is nothing to read.
        """

    @abstractmethod
    def open(self) -> Opened:
        """Return the parts, with the labels read and the images still to be.

        Raises:
            DataError: when it is not what it should be.
        """
