"""Whether a network in another format computes the same."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from nas.errors import SpecError

if TYPE_CHECKING:
    from torch import Tensor, nn

BATCHES: Final = (1, 2, 7)
"""Sizes of the batches that are compared."""

TOLERANCE: Final = 1e-5
"""The largest difference, as a share of the largest logit or, if it is larger, of 1."""


def check_same(
    network: "nn.Module",
    other: "Callable[[Tensor], Tensor]",
    input_shape: tuple[int, int, int],
    what: str,
) -> None:
    """Refuse a copy of a network that computes something else.

    Args:
        network: images (N, C, H, W) in [0, 1] to logits (N, classes), in eval mode.
        other: the copy, called like it.
        input_shape: the (channels, height, width) of an image.
        what: how the error calls the copy.

    Raises:
        SpecError: when the logits differ by more than `TOLERANCE`.
    """
    import torch

    generator = torch.Generator().manual_seed(0)
    for batch in BATCHES:
        images = torch.rand(batch, *input_shape, generator=generator)
        with torch.inference_mode():
            expected = network(images)
        found = other(images)
        scale = max(1.0, float(expected.abs().max()))
        difference = float((found - expected).abs().max()) / scale
        if not difference <= TOLERANCE:
            raise SpecError(
                f"{what} computes something else than PyTorch: logits of a batch of "
                f"{batch} differ by {difference:.1e} of the largest, more than "
                f"{TOLERANCE:.0e}; leave this format out"
            )
