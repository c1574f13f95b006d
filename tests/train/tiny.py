"""A data set and a network that train in no time, for tests of training."""

import numpy as np

from nas.arch import Architecture, Basic, Block, Gene, StemConv, Sum
from nas.data import SearchData, Split

RNG = np.random.default_rng(0)


def split(num_images: int) -> Split:
    """Return noise with a bright half, upper or lower, which is the class."""
    images = RNG.integers(0, 120, (num_images, 1, 6, 6), dtype=np.uint8)
    labels = np.arange(num_images) % 2
    images[labels == 0, :, :3] += 60
    images[labels == 1, :, 3:] += 60
    return Split(images=images, labels=labels)


DATA = SearchData(
    name="halves",
    classes=("upper", "lower"),
    train=split(65),
    validation=split(30),
    mean=(0.35,),
    std=(0.18,),
)


def architecture(width: int = 4, **genes: Gene) -> Architecture:
    block = Block(aggregation=Sum(), unit=Basic(), depth=1, width=width, stride=2)
    return Architecture(
        input_shape=DATA.input_shape,
        num_classes=DATA.num_classes,
        stem=(StemConv(width=4),),
        blocks=(block,),
        genes=genes or None,
    )
