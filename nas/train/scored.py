"""What a finished network reaches on images, on the processor."""

from collections.abc import Callable

import torch
from torch import Tensor

from nas.data import Split
from nas.train.imbalance import accuracies

_BATCH = 64


def scored(
    network: Callable[[Tensor], Tensor],
    split: Split,
    num_classes: int,
    objective: str,
) -> float:
    """Return the accuracy in [0, 1] of a network on images and their labels.

    Args:
        network: images, float32 (N, C, H, W) in [0, 1], to logits (N, classes).
        split: the images.
        num_classes: how many the network tells apart.
        objective: the kind of accuracy, as in a recipe.
    """
    found = []
    with torch.inference_mode():
        for start in range(0, len(split), _BATCH):
            images = torch.from_numpy(split.images[start : start + _BATCH])
            found.append(network(images / 255).argmax(dim=1))
    labels = torch.from_numpy(split.labels)
    recognised = labels[torch.cat(found) == labels]
    plain, balanced = accuracies(
        torch.bincount(recognised, minlength=num_classes),
        torch.bincount(labels, minlength=num_classes),
    )
    return balanced if objective == "balanced-accuracy" else plain
