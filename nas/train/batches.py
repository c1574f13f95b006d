"""How an epoch is cut into batches, and what is done to every image first."""

from collections.abc import Callable, Iterator, Sequence

from torch import Tensor


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


def grouped(sizes: Sequence[int], most: int) -> list[list[int]]:
    """Return consecutive sizes in groups of at most ``most`` together, none empty."""
    groups: list[list[int]] = []
    room = 0
    for size in sizes:
        if not groups or size > room:
            groups.append([])
            room = most
        groups[-1].append(size)
        room -= size
    return groups


def scaled(images: Tensor) -> Tensor:
    """Return uint8 images as floats in [0, 1]."""
    return images.float() / 255
