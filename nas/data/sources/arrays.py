"""From arrays of images and labels, in whatever layout, to parts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nas.data.sources.base import Block, Part
from nas.data.sources.rows import Rows
from nas.errors import DataError

MAX_CHANNELS: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """Images and labels of one split, each with the name that errors call it."""

    images_name: str
    images: Rows
    labels_name: str
    labels: NDArray[Any]


def parts_of(where: str, splits: Mapping[str, Arrays]) -> dict[str, Part]:
    """Return the splits as parts of uint8 images (N, C, H, W).

    Images are NHW, NHWC or NCHW; uint8, other integers of 0 to 255, booleans, or
    floats of 0 to 1 or 0 to 255. The range is that of all splits together.

    Args:
        where: the file or function, for errors.
        splits: by name.

    Raises:
        DataError: naming the array that is not like that.
    """
    labels = {}
    for name, split in splits.items():
        at = f"{where}: {split.images_name}"
        if len(split.images.shape) not in (3, 4):
            raise DataError(
                f"{at} must have the shape (N, H, W), (N, H, W, C) or (N, C, H, W); "
                f"got {split.images.shape}"
            )
        if split.images.dtype.kind not in "biuf":
            raise DataError(
                f"{at} must hold numbers; got {split.images.dtype}; "
                "save the images as uint8"
            )
        labels[name] = flat_labels(f"{where}: {split.labels_name}", split.labels)
        if len(split.images) != len(labels[name]):
            raise DataError(
                f"{where}: {split.images_name} has {len(split.images):,} images but "
                f"{split.labels_name} has {len(labels[name]):,} labels; "
                "give one label an image"
            )
    scale = _scale(where, splits)
    return {
        name: _part(f"{where}: {split.images_name}", split.images, labels[name], scale)
        for name, split in splits.items()
    }


def flat_labels(where: str, labels: NDArray[Any]) -> NDArray[Any]:
    """Return labels of shape (N,) or (N, 1) as integers or strings, (N,).

    Raises:
        DataError: when they are something else.
    """
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        one_hot = "; turn one-hot rows into labels with argmax(axis=1)"
        raise DataError(
            f"{where} must have one label an image, shape (N,) or (N, 1); "
            f"got {labels.shape}{one_hot if labels.ndim == 2 else ''}"
        )
    if labels.dtype.kind == "f":
        if not np.isfinite(labels).all():
            bad = int(np.flatnonzero(~np.isfinite(labels))[0])
            raise DataError(
                f"{where}[{bad}] is {labels[bad]}; give every image a label"
            )
        if (labels % 1).any():
            raise DataError(f"{where} must hold whole numbers or names; got fractions")
        labels = labels.astype(np.int64)
    elif labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8", "replace")
    elif labels.dtype.kind == "b":
        labels = labels.astype(np.int64)
    if labels.dtype.kind not in "iuU":
        raise DataError(f"{where} must hold whole numbers or names; got {labels.dtype}")
    return labels


def _part(where: str, rows: Rows, labels: NDArray[Any], scale: float) -> Part:
    axis = _channel_axis(where, rows.shape)
    channels, height, width = 1, *rows.shape[1:3]
    if axis == 3:
        _, height, width, channels = rows.shape
    elif axis == 1:
        _, channels, height, width = rows.shape
    if not channels * height * width:
        raise DataError(f"{where} must have pixels; got the shape {rows.shape}")

    def read() -> Iterator[Block]:
        start = 0
        for given in rows.blocks():
            block = given
            if scale != 1:
                block = block * np.float32(scale)
            if block.dtype != np.uint8:
                block = np.rint(block) if block.dtype.kind == "f" else block
                block = block.astype(np.uint8)
            if axis is None:
                block = block[:, np.newaxis]
            elif axis == 3:
                block = block.transpose(0, 3, 1, 2)
            stop = start + len(block)
            yield Block(images=block, positions=np.arange(start, stop))
            start = stop

    return Part(labels=labels, shape=(channels, height, width), read=read)


def _channel_axis(where: str, shape: tuple[int, ...]) -> int | None:
    """Return which axis holds the channels, None when there is none for them."""
    if len(shape) == 3:
        return None
    # Images of 4 by 4 pixels are rare, but 1 and 3 channels are not.
    for usual in ((1, 3), range(1, MAX_CHANNELS + 1)):
        for axis in (3, 1):
            if shape[axis] in usual:
                return axis
    raise DataError(
        f"{where} must have 1 to {MAX_CHANNELS} channels, last or second; "
        f"got the shape {shape}"
    )


def _scale(where: str, splits: Mapping[str, Arrays]) -> float:
    """Return what brings the values of all splits to 0 to 255."""
    lowest, highest, are_floats = np.inf, -np.inf, False
    for split in splits.values():
        if split.images.dtype == np.uint8:
            lowest, highest = 0, 255
            continue
        low, high = _range(f"{where}: {split.images_name}", split.images)
        lowest, highest = min(lowest, low), max(highest, high)
        are_floats |= split.images.dtype.kind in "bf"
        if lowest < 0 or highest > 255:
            raise DataError(
                f"{where}: {split.images_name} has values from {low:g} to {high:g}; "
                "images must be uint8, or floats of 0 to 1 or 0 to 255: undo the "
                "normalisation (training does its own)"
            )
    return 255.0 if are_floats and highest <= 1 else 1.0


def _range(where: str, rows: Rows) -> tuple[float, float]:
    """Return the least and the largest value."""
    lowest, highest, start = np.inf, -np.inf, 0
    for block in rows.blocks():
        low, high = float(block.min()), float(block.max())
        if not np.isfinite((low, high)).all():  # NaN stays NaN in min and max
            finite = np.isfinite(block.reshape(len(block), -1)).all(axis=1)
            first = start + int(np.flatnonzero(~finite)[0])
            raise DataError(
                f"{where}[{first}] holds NaN or infinity; mend or drop such images"
            )
        lowest, highest, start = (
            min(lowest, low),
            max(highest, high),
            start + len(block),
        )
    return lowest, highest
