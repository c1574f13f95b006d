"""One step of a training: a batch in, better weights out."""

from collections.abc import Callable
from typing import final

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer

from nas.records import Recipe
from nas.train.augment import augment
from nas.train.batches import scaled


@final
class Step:
    """Augments a batch and trains on it, all of it on the device and without waiting.

    So that a graph can replay it, nothing here depends on a tensor's value.

    Args:
        network: images (N, C, H, W) in [0, 1] to logits (N, classes), or to those and
            a list of the auxiliary heads' logits where there are ``aux_weights``.
        optimizer: over the network's parameters.
        backward: computes the gradients of a loss.
        recipe: everything else about the training.
        augmentation: the generator of all that is random in it, on the device.
        class_weights: of the classes in the loss, (classes,).
        aux_weights: of the losses of the auxiliary heads.
        bf16: multiply in bfloat16, keep everything else in float32.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: Optimizer,
        backward: Callable[[Tensor], None],
        recipe: Recipe,
        *,
        augmentation: Generator,
        class_weights: Tensor | None = None,
        aux_weights: tuple[float, ...] = (),
        bf16: bool = False,
    ) -> None:
        self.optimizer = optimizer
        self.augmentation = augmentation
        self._network = network
        self._backward = backward
        self._recipe = recipe
        self._class_weights = class_weights
        self._aux_weights = aux_weights
        self._bf16 = bf16
        device = augmentation.device
        self._loss_sum = torch.zeros((), dtype=torch.float64, device=device)
        self._hits = torch.zeros((), dtype=torch.int64, device=device)

    def __call__(self, images: Tensor, labels: Tensor) -> None:
        """Train on uint8 images (N, C, H, W) of classes (N,)."""
        recipe = self._recipe
        images = augment(
            images, recipe.augment, self.augmentation, mirrored=recipe.flip
        )
        with autocast(images.device, self._bf16):
            output = self._network(scaled(images))
            logits, auxiliary = output if self._aux_weights else (output, [])
            loss = self._loss(logits, labels)
            for weight, aux in zip(self._aux_weights, auxiliary, strict=True):
                loss = loss + weight * self._loss(aux, labels)
        self.optimizer.zero_grad()
        self._backward(loss)
        self.optimizer.step()
        self._loss_sum.add_(loss.detach(), alpha=len(labels))
        self._hits.add_((logits.detach().argmax(dim=1) == labels).sum())

    def start_totals(self) -> None:
        """Forget the losses and hits so far."""
        self._loss_sum.zero_()
        self._hits.zero_()

    def totals(self) -> tuple[float, int]:
        """Return the sum of the losses of all images, and how many were recognised.

        Waits for the device.
        """
        return float(self._loss_sum), int(self._hits)

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        smoothing = self._recipe.label_smoothing
        return cross_entropy(
            logits, labels, weight=self._class_weights, label_smoothing=smoothing
        )


def autocast(device: torch.device, bf16: bool) -> torch.autocast:
    """Return what lets a network multiply in bfloat16, or does nothing.

    Entered for every batch anew: it keeps bfloat16 copies of the weights until it ends,
    and later batches would not see any update.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=bf16)
