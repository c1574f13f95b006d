"""The networks and images that benchmarks of training share."""

import random

import numpy as np

from nas.arch import Architecture
from nas.data import SearchData, Split
from nas.nn.cost import cost
from nas.space import BoundSpace, SearchSpace

CLASSES = 10


def drawn(params: int, input_shape: tuple[int, int, int]) -> Architecture:
    """Return the first random network of the default space of about that size.

    It has at most ``params`` trainable parameters, and at least 90% of them.
    """
    bound = BoundSpace(
        space=SearchSpace.load("default"),
        input_shape=input_shape,
        num_classes=CLASSES,
        max_params=params,
    )
    rng = random.Random(0)
    while True:
        architecture = bound.sample(rng)
        if cost(architecture).total.params >= 0.9 * params:
            return architecture


def images(
    num_train: int, num_validation: int, input_shape: tuple[int, int, int]
) -> SearchData:
    """Return images of noise around a pattern of each class, always the same ones."""
    rng = np.random.default_rng(0)
    patterns = rng.integers(60, 196, (CLASSES, *input_shape))

    def split(num_images: int) -> Split:
        labels = rng.integers(0, CLASSES, num_images)
        noise = rng.normal(0, 60, (num_images, *input_shape))
        pixels = (patterns[labels] + noise).clip(0, 255).astype(np.uint8)
        return Split(images=pixels, labels=labels)

    channels = input_shape[0]
    return SearchData(
        name="patterns",
        classes=tuple(f"class {number}" for number in range(CLASSES)),
        train=split(num_train),
        validation=split(num_validation),
        mean=(0.5,) * channels,
        std=(0.27,) * channels,
    )
