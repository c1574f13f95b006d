"""Data sets that are made up, for tests of what is said about them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nas.data import Dataset, Split
from nas.data.dataset import channel_statistics


def made_split(
    counts: Sequence[int], shape: tuple[int, int, int] = (1, 6, 6), seed: int = 0
) -> Split:
    """Return noise with so many images of each class, all as bright as their class."""
    labels = np.repeat(np.arange(len(counts)), counts)
    rng = np.random.default_rng(seed)
    labels = rng.permutation(labels)
    noise = rng.integers(0, 60, (len(labels), *shape))
    step = 190 // max(1, len(counts) - 1)
    images = noise + (labels * step)[:, None, None, None]
    return Split(images=images.astype(np.uint8), labels=labels)


def made_dataset(
    train: Sequence[int] = (30, 20, 10),
    validation: Sequence[int] = (9, 6, 3),
    test: Sequence[int] = (8, 6, 4),
    shape: tuple[int, int, int] = (1, 6, 6),
    **facts: Any,
) -> Dataset:
    """Return a data set with so many images of each class in each split."""
    splits = {
        name: made_split(counts, shape, seed)
        for seed, (name, counts) in enumerate(
            {"train": train, "validation": validation, "test": test}.items()
        )
    }
    mean, std = channel_statistics(splits["train"].images)
    classes = tuple(f"class {label}" for label in range(len(train)))
    values = {"name": "made", "classes": classes, "mean": mean, "std": std}
    return Dataset(**(values | splits | facts))
