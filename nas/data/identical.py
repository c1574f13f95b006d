"""Which images are identical, pixel by pixel."""

from collections.abc import Mapping
from hashlib import blake2b
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

DIGEST: Final = np.dtype("V16")
"""16 bytes that two different images have in common by no chance worth a thought."""


def digests(images: NDArray[np.uint8]) -> NDArray[np.void]:
    """Return a digest of each image, (N,), from images (N, C, H, W)."""
    joined = b"".join(
        blake2b(np.ascontiguousarray(image).data, digest_size=DIGEST.itemsize).digest()
        for image in images
    )
    return np.frombuffer(joined, DIGEST)


def sort_order(found: NDArray[np.void], labels: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the positions in the order of their digests, and labels within one."""
    high, low = _halves(found)
    return np.lexsort((labels, low, high))


def groups_of(found: NDArray[np.void]) -> NDArray[np.intp]:
    """Return the number of each image's group of identical ones, (N,)."""
    high, low = _halves(found)
    order = np.lexsort((low, high))
    is_new = np.ones(len(found), bool)
    is_new[1:] = (np.diff(high[order]) != 0) | (np.diff(low[order]) != 0)
    groups = np.empty(len(found), np.intp)
    groups[order] = np.cumsum(is_new) - 1
    return groups


def shared(splits: Mapping[str, NDArray[np.void]]) -> dict[str, int]:
    """Count, for pairs of splits, the images of the second that the first has too.

    Args:
        splits: the digests of each.

    Returns:
        Counts by pairs like "train/test"; those without any are left out.
    """
    known = {name: set(found.tolist()) for name, found in splits.items()}
    counts = {
        f"{one}/{other}": sum(item in known[one] for item in splits[other].tolist())
        for one, other in combinations(splits, 2)
    }
    return {pair: count for pair, count in counts.items() if count}


def fingerprint(
    images: Mapping[str, NDArray[np.void]], labels: Mapping[str, NDArray[np.int64]]
) -> dict[str, str]:
    """Return digests of splits by names like "train images" and "train labels".

    Costs next to nothing where the images' own digests are there already.

    Args:
        images: the digests of each split's, in their order.
        labels: of the same splits.
    """
    parts: dict[str, bytes] = {}
    for split, found in images.items():
        parts[f"{split} images"] = found.tobytes()
        parts[f"{split} labels"] = labels[split].astype("<i8").tobytes()
    return {
        name: blake2b(data, digest_size=DIGEST.itemsize).hexdigest()
        for name, data in parts.items()
    }


def _halves(found: NDArray[np.void]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    halves = found.view(">u8").reshape(-1, 2)
    return halves[:, 0], halves[:, 1]
