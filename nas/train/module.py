"""The training itself: a LightningModule whose step is a whole epoch."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

import torch
from lightning.pytorch import LightningModule
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer

from nas.records import Recipe
from nas.train.augment import augment
from nas.train.batches import DeviceSplit, SingleBatch, batch_sizes, scaled
from nas.train.optimizers import optimizer
from nas.train.schedules import SCHEDULES

VALIDATION_PIXELS = 2**20
"""Images are validated in batches of about so many pixels, to bound the memory."""


class DivergenceError(ArithmeticError):
    """A loss that is no longer a finite number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """One epoch, 0 being the first; losses are mean cross-entropies.

    The training loss is that which is minimised, so with label smoothing, and with the
    learning rate ``lr`` of the epoch's last step.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    lr: float


class Training(LightningModule):
    """Trains a network by a recipe, as manual optimisation.

    Lightning hands over the order of one epoch's images; the batches are cut, gathered
    and augmented here, on the device.

    Args:
        network: images (N, C, H, W) in [0, 1] to logits (N, classes).
        recipe: everything else about the training.
        train, validation: on the device of the training.
        seed: of the shuffling and the augmentation.
        aux_weights: of the losses of the auxiliary heads, when the network is
            a ``DeepSupervision``.
        bf16: multiply in bfloat16, keep everything else in float32.
        on_epoch: is told about every epoch, after its validation.
    """

    def __init__(
        self,
        network: nn.Module,
        recipe: Recipe,
        *,
        train: DeviceSplit,
        validation: DeviceSplit,
        seed: int,
        aux_weights: tuple[float, ...] = (),
        bf16: bool,
        on_epoch: Callable[[Metrics], None],
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.network = network
        self._recipe = recipe
        self._train = train
        self._validation = validation
        self._aux_weights = aux_weights
        self._bf16 = bf16
        self._on_epoch = on_epoch
        self._shuffling = Generator().manual_seed(seed)
        self._augmentation = Generator(train.images.device).manual_seed(seed)
        self._sizes = batch_sizes(len(train), recipe.batch_size)
        self._schedule = SCHEDULES[recipe.schedule]
        self._trained = (0.0, 0.0, 0.0)

    def configure_optimizers(self) -> Optimizer:
        """Return the recipe's optimizer."""
        return optimizer(self.network, self._recipe)

    def train_dataloader(self) -> SingleBatch:
        """Return what gives the order of all training images, anew each epoch."""
        return SingleBatch(
            lambda: torch.randperm(len(self._train), generator=self._shuffling)
        )

    def val_dataloader(self) -> SingleBatch:
        """Return what gives the positions of all validation images."""
        return SingleBatch(lambda: torch.arange(len(self._validation)))

    def training_step(self, order: Tensor) -> None:
        """Train one epoch in the order given, positions (N,).

        Raises:
            DivergenceError: the loss is not finite.
        """
        optimizer = self.optimizers(use_pl_optimizer=False)
        assert isinstance(optimizer, Optimizer)
        done = self.current_epoch * len(self._sizes)
        num_steps = self._recipe.epochs * len(self._sizes)
        totals = torch.zeros(2, dtype=torch.float64, device=order.device)
        lr = 0.0
        for step, index in enumerate(torch.split(order, self._sizes), start=done):
            lr = self._recipe.lr * self._schedule((step + 0.5) / num_steps)
            for group in optimizer.param_groups:
                group["lr"] = lr
            totals += self._step(index, optimizer)
        loss, accuracy = (totals / len(order)).tolist()
        if not isfinite(loss):
            raise DivergenceError(
                f"diverged: the training loss is {loss} in epoch {self.current_epoch}"
            )
        self._trained = (loss, accuracy, lr)

    def _step(self, index: Tensor, optimizer: Optimizer) -> Tensor:
        """Train on one batch and return (sum of losses, number of hits)."""
        images = augment(
            self._train.images[index], self._recipe.augment, self._augmentation
        )
        labels = self._train.labels[index]
        with self._autocast():
            output = self.network(scaled(images))
            logits, auxiliary = output if self._aux_weights else (output, [])
            loss = self._loss(logits, labels)
            for weight, aux in zip(self._aux_weights, auxiliary, strict=True):
                loss = loss + weight * self._loss(aux, labels)
        optimizer.zero_grad()
        self.manual_backward(loss)
        optimizer.step()
        hits = (logits.detach().argmax(dim=1) == labels).sum()
        return torch.stack((loss.detach() * len(index), hits))

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        smoothing = self._recipe.label_smoothing
        return cross_entropy(logits, labels, label_smoothing=smoothing)

    def validation_step(self, index: Tensor) -> None:
        """Validate, and tell about the epoch.

        Raises:
            DivergenceError: the loss is not finite.
        """
        height, width = self._validation.images.shape[2:]
        size = max(1, VALIDATION_PIXELS // (height * width))
        totals = torch.zeros(2, dtype=torch.float64, device=index.device)
        for chunk in torch.split(index, size):
            labels = self._validation.labels[chunk]
            with self._autocast():
                logits = self.network(scaled(self._validation.images[chunk]))
            loss = cross_entropy(logits.float(), labels, reduction="sum")
            totals += torch.stack((loss, (logits.argmax(dim=1) == labels).sum()))
        loss, accuracy = (totals / len(index)).tolist()
        if not isfinite(loss):
            raise DivergenceError(
                f"diverged: the validation loss is {loss} in epoch {self.current_epoch}"
            )
        train_loss, train_accuracy, lr = self._trained
        self._on_epoch(
            Metrics(
                epoch=self.current_epoch,
                train_loss=train_loss,
                train_accuracy=train_accuracy,
                validation_loss=loss,
                validation_accuracy=accuracy,
                lr=lr,
            )
        )

    def _autocast(self) -> torch.autocast:
        # One for each step, not Lightning's around them all: it keeps bfloat16 copies
        # of the weights until it ends, and later steps would not see any update.
        return torch.autocast(
            self._train.images.device.type, torch.bfloat16, enabled=self._bf16
        )
