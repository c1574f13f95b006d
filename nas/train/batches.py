"""A split on the device it is trained on, and how an epoch cuts it into batches."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from nas.data import Split


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeviceSplit:
    """A split on a device: images, uint8 (N, C, H, W), and labels, int64 (N,)."""

    images: Tensor
    labels: Tensor

    @classmethod
    def copy(cls, split: Split, device: torch.device) -> "DeviceSplit":
        """Return a split's copy on the device."""
        return cls(
            images=torch.from_numpy(split.images).to(device),
            labels=torch.from_numpy(split.labels).to(device),
        )

    def __len__(self) -> int:
        return len(self.labels)


class SingleBatch:
    """A loader whose every iteration gives one item, made anew.

    Lightning's cost is that of its batches, so it gets one an epoch. It would take a
    list for several loaders.
    """

    def __init__(self, make: Callable[[], Tensor]) -> None:
        self._make = make

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[Tensor]:
        yield self._make()


def batch_sizes(num_images: int, batch_size: int) -> list[int]:
    """Return the sizes of an epoch's batches; together they hold every image.

    A single image left over joins the batch before it: batch normalisation cannot
    train on one.
    """
    full, rest = divmod(num_images, batch_size)
    sizes = [batch_size] * full
    if rest == 1 and sizes:
        sizes[-1] += 1
    elif rest:
        sizes.append(rest)
    return sizes


def scaled(images: Tensor) -> Tensor:
    """Return uint8 images as floats in [0, 1]."""
    return images.float() / 255
