"""Optimizers, and which parameters they decay."""

from collections.abc import Callable
from typing import Any, Final

from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from nas.records import Recipe


def optimizer(network: nn.Module, recipe: Recipe) -> Optimizer:
    """Return the recipe's optimizer over all parameters of a network."""
    return OPTIMIZERS[recipe.optimizer](_groups(network, recipe.weight_decay))


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return the parameters in two groups: weights are decayed, the rest is not.

    Biases and the scales and shifts of norms, all vectors, only lose from it.
    """
    weights = [p for p in network.parameters() if p.ndim > 1]
    vectors = [p for p in network.parameters() if p.ndim <= 1]
    return [
        {"params": weights, "weight_decay": weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]


def _sgd(groups: list[dict[str, Any]]) -> Optimizer:
    return SGD(groups, momentum=0.9, nesterov=True, fused=True)


def _adamw(groups: list[dict[str, Any]]) -> Optimizer:
    # With this its count of steps is on the GPU, where a graph can go on counting.
    on_gpu = groups[0]["params"][0].is_cuda
    return AdamW(groups, fused=True, capturable=on_gpu)


OPTIMIZERS: Final[dict[str, Callable[[list[dict[str, Any]]], Optimizer]]] = {
    "sgd": _sgd,
    "adamw": _adamw,
}
