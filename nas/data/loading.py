"""From what a user types to a data set."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nas.data.assemble import assemble
from nas.data.cache import cached
from nas.data.dataset import Dataset
from nas.data.decode import Allocate
from nas.data.sources import resolve
from nas.errors import ConfigError, DataError

IMAGE_SIZES: Final = range(4, 1025)


def load(
    source: str,
    *,
    seed: int = 0,
    image_size: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Return a data set, decoding its images only the first time.

    Args:
        source: in one of the forms of `nas.data.sources.FORMS`.
        seed: of the splits alone, so that every search on the data sees the same ones.
        image_size: the side of all images in pixels; None for what suits them.
        on_progress: told how many images of how many are decoded, if any have to be.

    Raises:
        DataError: when there is no such source, or no training can use it.
        ConfigError: when the image size is out of range.
    """
    if image_size is not None and (
        isinstance(image_size, bool) or image_size not in IMAGE_SIZES
    ):
        raise ConfigError(
            f"image_size must be {IMAGE_SIZES.start} to {IMAGE_SIZES.stop - 1} pixels; "
            f"got {image_size!r}"
        )
    try:
        found = resolve(source, image_size)
        state = found.state()

        def assembled(allocate: Allocate) -> Dataset:
            return assemble(
                source,
                found.place,
                found.open(),
                seed=seed,
                image_size=image_size,
                on_progress=on_progress or (lambda *_: None),
                allocate=allocate,
            )

        if state is None:
            return assembled(_in_memory)
        identity = [type(found).__name__, state, image_size, seed]
        dataset = cached(_stem(source), identity, assembled)
    except OSError as error:
        place = error.filename or source
        remedy = (
            "make it readable (chmod) or run as its owner"
            if isinstance(error, PermissionError)
            else "look at the file, then try again"
        )
        reason = error.strerror or str(error)
        raise DataError(f"{place} cannot be read: {reason}; {remedy}") from error
    return replace(dataset, name=source)


def _in_memory(_: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.empty(shape, np.uint8)


def _stem(source: str) -> str:
    return re.split(r"[/\\:]", source.rstrip("/\\"))[-1] or "data"
