"""Classes that are not equally frequent: their weights, and a fair accuracy."""

import torch
from torch import Tensor


def class_weights(labels: Tensor, num_classes: int) -> Tensor:
    """Return the weight of each class in the loss, float32 (num_classes,).

    In inverse proportion to how often it is among the labels (N,); the mean weight of
    an image is 1. A class that is not among them weighs as if it were there once.
    """
    counts = torch.bincount(labels, minlength=num_classes)
    weights = 1 / counts.clamp(min=1).double()
    return (weights * len(labels) / (weights * counts).sum()).float()


def accuracies(hits: Tensor, counts: Tensor) -> tuple[float, float]:
    """Return the accuracy and the balanced accuracy, both in [0, 1].

    The balanced one is the mean of the classes' own accuracies, over those classes that
    have images.

    Args:
        hits: how many images of each class were recognised, (num_classes,).
        counts: how many there are.
    """
    there = counts > 0
    balanced = (hits[there].double() / counts[there]).mean()
    return int(hits.sum()) / int(counts.sum()), float(balanced)
