"""A split that is read from its file while it is trained on."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import prod
from typing import Final, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from nas.data import Split
from nas.train.batches import grouped
from nas.train.feed import Batch, Feed
from nas.train.rows import Rows

LARGEST_WINDOW_BYTES: Final = 64 * 2**20
"""More would shuffle hardly better, and the first batch would have to wait longer."""

BLOCKS: Final = 64
"""Blocks in a window. More of them shuffle better, larger ones are read faster."""

WINDOWS_HELD: Final = 4
"""Trained on, read ahead, as a copy on the device, and what the allocator keeps."""

Window = tuple[Tensor, Tensor]
"""Images (M, C, H, W) as they lie in the file, and the places (M,) of those wanted."""


@final
class StreamedFeed(Feed):
    """Reads a window of images ahead of the batches, in a thread.

    An epoch is shuffled in two steps. The split is cut into blocks of neighbours, which
    are read in a random order; the images of `BLOCKS` blocks at a time are then
    shuffled among themselves. The order follows from the generator, the size of the
    split and ``memory_bytes``.

    Args:
        split: whose images may be a memory-mapped file.
        device: where batches are handed over.
        memory_bytes: of images are held at most, unless a batch needs more.
    """

    def __init__(self, split: Split, device: torch.device, memory_bytes: int) -> None:
        super().__init__(split, device)
        self._rows = Rows(split.images)
        window_bytes = min(LARGEST_WINDOW_BYTES, memory_bytes // WINDOWS_HELD)
        self._window = max(1, window_bytes // prod(self.image_shape))
        self._block = max(1, self._window // BLOCKS)

    def order(self, generator: Generator) -> Tensor:
        """Return all positions, shuffled by blocks and within windows of those."""
        blocks = torch.split(torch.arange(len(self)), self._block)
        chosen = torch.randperm(len(blocks), generator=generator).tolist()
        by_block = torch.cat([blocks[i] for i in chosen])
        return torch.cat(
            [
                window[torch.randperm(len(window), generator=generator)]
                for window in torch.split(by_block, self._block * BLOCKS)
            ]
        )

    def batches(self, order: Tensor, sizes: Sequence[int]) -> Iterator[Batch]:
        """Yield batches while those after them are being read."""
        groups = grouped(sizes, self._window)
        indices = torch.split(order.cpu(), [sum(group) for group in groups])
        windows = self._windows(indices)
        for index, group, window in zip(indices, groups, windows, strict=True):
            images, places = (part.to(self.device) for part in window)
            labels = self._labels[index.to(self.device)]
            for batch, classes in zip(
                torch.split(places, group), torch.split(labels, group), strict=True
            ):
                yield images[batch], classes

    def _windows(self, indices: Sequence[Tensor]) -> Iterator[Window]:
        """Yield the images at each of the indices while the next are being read."""
        with ThreadPoolExecutor(max_workers=1) as reader:
            upcoming = reader.submit(self._read, indices[0].numpy())
            for following in indices[1:]:
                window = upcoming.result()
                upcoming = reader.submit(self._read, following.numpy())
                yield window
            yield upcoming.result()

    def _read(self, index: NDArray[np.int64]) -> Window:
        """Read images in the order of the file, in which it is faster."""
        ascending = np.argsort(index)
        images = self._rows.read(index[ascending])
        places = np.argsort(ascending)
        return torch.from_numpy(images), torch.from_numpy(places)
