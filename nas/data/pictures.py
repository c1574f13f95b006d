"""Image files, decoded to one size."""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from nas.data.parallel import in_threads
from nas.data.sources.base import BLOCK_BYTES, Block

LARGEST_CHOSEN_SIDE: Final = 64
"""Larger images are shrunk to it, unless a size is asked for."""

SAMPLE: Final = 1000
"""The size is chosen from that many images at most, evenly spread over all."""

_BLOCK_IMAGES: Final = 64
"""Few, so that there is work for all threads, and news of it."""

_SMALL_PIXELS: Final = 48 * 48
"""Decoding fewer is over before another thread has Python's lock: one is faster."""

Picture = Path | bytes
Item = TypeVar("Item")

# These run other programs to read an image: Ghostscript, and what draws on Windows.
_UNWANTED: Final = frozenset({"EPS", "WMF"})


@cache
def formats() -> tuple[str, ...]:
    """Return the names of the file formats that are read, frequent ones first."""
    Image.init()
    return tuple(name for name in Image.ID if name not in _UNWANTED)


def extensions() -> frozenset[str]:
    """Return the extensions of those formats' files, in lower case, with the dot."""
    known = set(formats())
    return frozenset(
        extension
        for extension, name in Image.registered_extensions().items()
        if name in known
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The (height, width) that pictures get, and how many threads decode them."""

    size: tuple[int, int]
    num_threads: int


def plan(
    items: Sequence[Item],
    picture_of: Callable[[Item], Picture],
    image_size: int | None,
) -> Plan:
    """Return how to decode all pictures, from the headers of some.

    A size that is asked for is a square's side. Without one, pictures that all have
    the same shape keep it, and others get a square whose side is the median of their
    shorter sides; both are shrunk to `LARGEST_CHOSEN_SIDE` where they are larger.

    Args:
        items: what there is one of for each picture.
        picture_of: the file or the bytes that an item stands for.
        image_size: the side asked for.
    """
    step = max(1, -(-len(items) // SAMPLE))
    with _no_warnings():
        found = [_size(picture_of(item)) for item in items[::step]]
    sizes = [size for size in found if size]
    if not sizes:  # none can be read, which decoding will say, with the reasons
        sizes = [(LARGEST_CHOSEN_SIDE, LARGEST_CHOSEN_SIDE)]
    pixels = np.median([height * width for height, width in sizes])
    num_threads = 1 if pixels < _SMALL_PIXELS else min(16, os.cpu_count() or 1)
    if image_size is not None:
        return Plan(size=(image_size, image_size), num_threads=num_threads)
    height, width = sizes[0]
    if len(set(sizes)) > 1:
        height = width = int(np.median([min(size) for size in sizes]))
    shrink = min(1.0, LARGEST_CHOSEN_SIDE / max(height, width))
    size = max(1, round(height * shrink)), max(1, round(width * shrink))
    return Plan(size=size, num_threads=num_threads)


def read_blocks(
    items: Sequence[Item],
    picture_of: Callable[[Item], Picture],
    called: Callable[[Item], str],
    plan: Plan,
) -> Iterator[Block]:
    """Yield all pictures in blocks, in colour, (n, 3, H, W).

    Args:
        items: what there is one of for each picture.
        picture_of: the file or the bytes that an item stands for.
        called: what errors call an item.
        plan: how to decode them.

    Raises:
        PermissionError: when a file must not be read.
    """
    size = plan.size
    step = max(1, min(_BLOCK_IMAGES, BLOCK_BYTES // (3 * size[0] * size[1])))

    def block(start: int) -> Block:
        images, positions, failures = [], [], []
        for position, item in enumerate(items[start : start + step], start=start):
            try:
                images.append(decode(picture_of(item), size))
            except PermissionError:
                raise
            except Exception as error:  # Pillow's decoders fail in every way there is
                failures.append(f"{called(item)} ({_reason(error)})")
            else:
                positions.append(position)
        return Block(
            images=np.stack(images) if images else np.empty((0, 3, *size), np.uint8),
            positions=np.array(positions, np.intp),
            failures=tuple(failures),
        )

    with _no_warnings():
        yield from in_threads(block, range(0, len(items), step), plan.num_threads)


def decode(picture: Picture, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a picture as (3, H, W) of a size, the right way up, on white.

    The whole picture is kept: one of another shape is squeezed. Of 16-bit levels the
    upper 8 bits count, of an animation the first frame.

    Raises:
        Exception: of any kind, when it cannot be decoded.
    """
    height, width = size
    with _open(picture) as image:
        # JPEG can be decoded at a fraction of its size, many times faster.
        image.draft("RGB", (2 * width, 2 * height))
        ImageOps.exif_transpose(image, in_place=True)
        colour = _in_colour(image)
    pixels = np.asarray(resized(colour, size))
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return the image at a (height, width); the same one if that is its size."""
    height, width = size
    if image.size == (width, height):
        return image
    return image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=3)


def _open(picture: Picture) -> Image.Image:
    source = BytesIO(picture) if isinstance(picture, bytes) else picture
    image = Image.open(source, formats=formats())
    limit = Image.MAX_IMAGE_PIXELS
    # Pillow itself only warns up to twice its limit.
    if limit is not None and image.width * image.height > limit:
        pixels = image.width * image.height
        image.close()
        raise ValueError(f"{pixels:,} pixels, more than Pillow's limit of {limit:,}")
    return image


def _in_colour(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        levels = np.asarray(image).astype(np.int64)
        if image.mode != "I" or levels.max() > 255:
            levels >>= 8
        image = Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))
    elif image.mode == "F":
        raise ValueError("its pixels are floats; save it with 8 or 16 bits")
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def _size(picture: Picture) -> tuple[int, int] | None:
    """Return the (height, width) of an upright picture, None for an unreadable one."""
    try:
        with _open(picture) as image:
            is_turned = image.getexif().get(0x0112, 1) >= 5  # the EXIF orientation
            height, width = image.height, image.width
    except PermissionError:
        raise
    except Exception:
        return None
    return (width, height) if is_turned else (height, width)


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not an image"
    return str(error).partition("\n")[0][:100] or type(error).__name__


@contextmanager
def _no_warnings() -> Iterator[None]:
    """Silence Pillow on odd files: those it cannot read are told of in other words."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield
