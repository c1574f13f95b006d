"""All images of a source, read into arrays."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nas.data.resize import resized_block
from nas.data.sources.base import ALL, BLOCK_BYTES, SPLITS, Opened, Part
from nas.errors import DataError

UNREADABLE_FRACTION: Final = 0.01
"""A data set with more unreadable images is an error, not a warning."""

_LISTED: Final = 20

Allocate = Callable[[str, tuple[int, ...]], NDArray[np.uint8]]
"""Gives room for an array, in memory or in a file, by its name and shape."""

Progress = Callable[[int, int], None]
"""Is told how many images of how many are read."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decoded:
    """The images of a part that could be read, (N, C, H, W), and their labels, (N,)."""

    images: NDArray[np.uint8]
    labels: NDArray[Any]


def decode(
    place: str,
    opened: Opened,
    image_size: int | None,
    on_progress: Progress,
    allocate: Allocate,
) -> tuple[dict[str, Decoded], tuple[str, ...]]:
    """Return the parts, training first, and the names of images that cannot be read.

    Args:
        place: the source, for errors.
        opened: the source.
        image_size: the side of all images, None for that of the source.
        on_progress: told of every block of images.
        allocate: called for each part.

    Raises:
        DataError: when there are too many of the latter, or the images of two parts
            have different shapes.
    """
    parts = {
        name: opened.parts[name] for name in (ALL, *SPLITS) if name in opened.parts
    }
    shapes = {name: _shape(part, image_size) for name, part in parts.items()}
    (first, shape), *others = shapes.items()
    for name, other in others:
        if other != shape:
            raise DataError(
                f"{place}: the images of {first} are (C, H, W) = {shape}, those of "
                f"{name} {other}; give both the same shape"
            )
    counts = {name: len(part.labels) for name, part in parts.items()}
    total, num_read = sum(counts.values()), 0
    decoded: dict[str, Decoded] = {}
    failures: list[str] = []
    for name, part in parts.items():
        images = allocate(f"decoded-{name}", (counts[name], *shape))
        kept: list[NDArray[np.intp]] = []
        end = 0
        for block in part.read():
            start, end = end, end + len(block.images)
            images[start:end] = resized_block(block.images, shape[1:])
            kept.append(block.positions)
            failures += block.failures
            num_read += len(block.images) + len(block.failures)
            on_progress(num_read, total)
        labels = part.labels[np.concatenate(kept)] if kept else part.labels[:0]
        decoded[name] = Decoded(images=images[:end], labels=labels)
    if len(failures) > UNREADABLE_FRACTION * total:
        raise DataError(
            f"{place}: {len(failures):,} of {total:,} images cannot be read, more than "
            f"{UNREADABLE_FRACTION:.0%}: {listed(failures, 3)}; mend or remove them"
        )
    return decoded, tuple(failures)


def as_grey(decoded: Mapping[str, Decoded]) -> dict[str, Decoded]:
    """Return the parts with one channel, if in all of them three are always equal."""
    if not all(_is_grey(part.images) for part in decoded.values()):
        return dict(decoded)
    return {
        name: Decoded(images=part.images[:, :1], labels=part.labels)
        for name, part in decoded.items()
    }


def listed(items: tuple[str, ...] | list[str], most: int = _LISTED) -> str:
    """Return the first items, and how many more there are."""
    more = f" and {len(items) - most:,} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more


def _shape(part: Part, image_size: int | None) -> tuple[int, int, int]:
    if image_size is None:
        return part.shape
    return part.shape[0], image_size, image_size


def _is_grey(images: NDArray[np.uint8]) -> bool:
    step = max(1, BLOCK_BYTES // max(1, images[:1].nbytes))
    return all(
        np.array_equal(block[:, :-1], block[:, 1:])
        for block in (images[at : at + step] for at in range(0, len(images), step))
    )
