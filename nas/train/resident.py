"""A split that lies on the device as a whole."""

import warnings
from collections.abc import Iterator, Sequence
from typing import final

import torch
from torch import Generator, Tensor

from nas.data import Split
from nas.train.feed import Batch, Feed


@final
class ResidentFeed(Feed):
    """Holds a split on the device, where each batch is gathered.

    On a CPU the images are those of the split itself, not a copy.
    """

    def __init__(self, split: Split, device: torch.device) -> None:
        super().__init__(split, device)
        with warnings.catch_warnings():
            # Torch warns of arrays that are read-only; nothing writes to this one.
            warnings.simplefilter("ignore", UserWarning)
            self._images = torch.from_numpy(split.images).to(device)

    def order(self, generator: Generator) -> Tensor:
        """Return all positions; every order is as likely."""
        return torch.randperm(len(self), generator=generator)

    def batches(self, order: Tensor, sizes: Sequence[int]) -> Iterator[Batch]:
        """Yield batches that are gathered on the device."""
        for index in torch.split(order.to(self.device), list(sizes)):
            yield self.gather(index)

    def gather(self, index: Tensor) -> Batch:
        """Return the images at some positions, int64 (M,) on the device."""
        return self._images[index], self._labels[index]
