"""Augmentation of whole batches, in tensor code that runs where the batch is."""

from collections.abc import Callable
from typing import Final

import torch
from torch import Generator, Tensor

SHIFT: Final = 1 / 8  # the furthest shift, of the image's side
CUTOUT: Final = 1 / 4  # the side of what is covered, of the image's side


def augment(
    images: Tensor, policy: str, generator: Generator, *, mirrored: bool
) -> Tensor:
    """Return images (N, C, H, W) changed at random, each one on its own.

    Args:
        images: of any dtype; the result has the same.
        policy: a name in `POLICIES`.
        generator: on the device of the images.
        mirrored: flip every second image before anything else.
    """
    if mirrored:
        images = flip(images, generator)
    for change in POLICIES[policy]:
        images = change(images, generator)
    return images


def flip(images: Tensor, generator: Generator) -> Tensor:
    """Mirror every second image, left to right."""
    shape = (len(images), 1, 1, 1)
    chosen = torch.rand(shape, generator=generator, device=images.device) < 0.5
    return torch.where(chosen, images.flip(3), images)


def shift(images: Tensor, generator: Generator) -> Tensor:
    """Shift by up to `SHIFT` of the side, at least a pixel; edges are reflected.

    The same as a random crop out of the image with a reflected margin around it.
    """
    num_images, _, height, width = images.shape
    rows = _shifted(num_images, height, generator)[:, :, None]
    columns = _shifted(num_images, width, generator)[:, None, :]
    image = torch.arange(num_images, device=images.device)[:, None, None]
    # An index tensor on either side of the channels moves those to the end.
    return images[image, :, rows, columns].permute(0, 3, 1, 2)


def cutout(images: Tensor, generator: Generator) -> Tensor:
    """Cover a square with the image's mean colour (DeVries and Taylor 2017)."""
    num_images, _, height, width = images.shape
    rows = _window(num_images, height, generator)[:, None, :, None]
    columns = _window(num_images, width, generator)[:, None, None, :]
    colour = images.float().mean(dim=(2, 3), keepdim=True).to(images.dtype)
    return torch.where(rows & columns, colour, images)


def _shifted(num_images: int, side: int, generator: Generator) -> Tensor:
    """Return for each image which of its pixels lands where: (N, side)."""
    device = generator.device
    furthest = max(1, round(side * SHIFT))
    by = torch.randint(
        -furthest, furthest + 1, (num_images, 1), generator=generator, device=device
    )
    last = side - 1
    inside = (torch.arange(side, device=device) + by).abs()
    inside = last - (last - inside).abs()
    return inside.clamp(min=0)  # a side of one pixel has no reflection


def _window(num_images: int, side: int, generator: Generator) -> Tensor:
    """Return for each image which pixels of a side are covered: (N, side)."""
    device = generator.device
    length = max(1, round(side * CUTOUT))
    start = torch.randint(
        0, side - length + 1, (num_images, 1), generator=generator, device=device
    )
    pixels = torch.arange(side, device=device)
    return (pixels >= start) & (pixels < start + length)


Change = Callable[[Tensor, Generator], Tensor]

POLICIES: Final[dict[str, tuple[Change, ...]]] = {
    "none": (),
    "light": (shift,),
    "standard": (shift, cutout),
}
