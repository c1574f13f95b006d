"""Labelled images, and what of them a search may see."""

import mmap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_BLOCK: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """Images, uint8 (N, C, H, W), and the class of each, int64 (N,).

    Images that are mapped from a file are pickled as its path: another process maps
    the same file instead of getting a copy.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __post_init__(self) -> None:
        assert self.images.ndim == 4, self.images.shape
        assert self.images.dtype == np.uint8, self.images.dtype
        assert self.labels.shape == self.images.shape[:1], self.labels.shape
        assert self.labels.dtype == np.int64, self.labels.dtype

    def __len__(self) -> int:
        return len(self.labels)

    def __reduce__(self) -> tuple[Callable[..., "Split"], tuple[Any, ...]]:
        images = self.images
        # A slice of a mapped array has the array as its base, not the map.
        if isinstance(images, np.memmap) and isinstance(images.base, mmap.mmap):
            place = (str(images.filename), images.offset, images.shape)
            return _mapped_split, (*place, self.labels)
        return _split, (np.asarray(images), self.labels)


def _split(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> Split:
    return Split(images=images, labels=labels)


def _mapped_split(
    path: str, offset: int, shape: tuple[int, ...], labels: NDArray[np.int64]
) -> Split:
    # Copy on write: what a worker writes by mistake never reaches the file.
    images = np.memmap(path, np.uint8, mode="c", offset=offset, shape=shape)
    return Split(images=images, labels=labels)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SearchData:
    """What a search and its workers see of a data set: everything but the test split.

    ``mean`` and ``std`` are those of each channel of the training images in [0, 1].
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    validation: Split
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """The (channels, height, width) of every image."""
        _, channels, height, width = self.train.images.shape
        return channels, height, width

    @property
    def num_classes(self) -> int:
        """How many classes there are."""
        return len(self.classes)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """A data set with its three splits; ``mean`` and ``std`` as in `SearchData`.

    Args:
        warnings: what a user should know about it, a sentence each.
        unreadable: how many images were left out because they could not be decoded.
        given: the splits that the source had itself; the others were made.
        duplicates: of pairs like "train/test", how many images of the second split
            are in the first, too. Pairs without any are left out.
        fingerprint: of "train images", "train labels" and those of the validation
            split, a digest each of what they are and of their order; empty where
            nobody took any. See `nas.data.identical.fingerprint`.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    mean: tuple[float, ...]
    std: tuple[float, ...]
    warnings: tuple[str, ...] = ()
    unreadable: int = 0
    given: tuple[str, ...] = ()
    duplicates: Mapping[str, int] = field(default_factory=dict)
    fingerprint: Mapping[str, str] = field(default_factory=dict)

    def for_search(self) -> SearchData:
        """Return the data set without its test split."""
        return SearchData(
            name=self.name,
            classes=self.classes,
            train=self.train,
            validation=self.validation,
            mean=self.mean,
            std=self.std,
        )


def channel_statistics(
    images: NDArray[np.uint8],
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation of each channel of images in [0, 1].

    A channel that never changes gets a deviation of 1, because it is divided by.
    """
    levels = np.arange(256) / 255
    means, stds = [], []
    for channel in range(images.shape[1]):
        # A histogram is exact and needs no copy of the images as floats; block by
        # block, nor one of a channel of images that are larger than memory.
        counts = np.zeros(256, np.int64)
        for start in range(0, len(images), _BLOCK):
            block = images[start : start + _BLOCK, channel]
            counts += np.bincount(block.ravel(), minlength=256)
        mean = float(np.average(levels, weights=counts))
        variance = float(np.average((levels - mean) ** 2, weights=counts))
        means.append(mean)
        stds.append(variance**0.5 or 1.0)
    return tuple(means), tuple(stds)
