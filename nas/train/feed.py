"""How the images of a split reach the device that trains on them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import torch
from torch import Generator, Tensor

from nas.data import Split

Batch = tuple[Tensor, Tensor]
"""Images, uint8 (N, C, H, W), and their labels, int64 (N,), on the device."""


class Feed(ABC):
    """A split that is handed over batch by batch, each time in another order.

    Args:
        split: the images and their classes.
        device: where batches are handed over.
    """

    def __init__(self, split: Split, device: torch.device) -> None:
        self._labels = torch.from_numpy(split.labels).to(device)
        _, channels, height, width = split.images.shape
        self._image_shape = channels, height, width

    @property
    def device(self) -> torch.device:
        """Where batches are handed over."""
        return self._labels.device

    @property
    def labels(self) -> Tensor:
        """The class of every image, int64 (N,), on the device."""
        return self._labels

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """The (channels, height, width) of every image."""
        return self._image_shape

    @abstractmethod
    def order(self, generator: Generator) -> Tensor:
        """Return the positions of all images, int64 (N,), shuffled for an epoch.

        Args:
            generator: on the CPU; nothing else decides the order.
        """

    @abstractmethod
    def batches(self, order: Tensor, sizes: Sequence[int]) -> Iterator[Batch]:
        """Yield the images at some positions, in their order, in batches.

        Args:
            order: positions (M,), from ``order`` or ascending, on any device.
            sizes: of the batches; they add up to M.
        """

    def __len__(self) -> int:
        return len(self.labels)
