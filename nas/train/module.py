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
from nas.train.batches import SingleBatch, batch_sizes, scaled
from nas.train.feed import Feed
from nas.train.imbalance import accuracies, class_weights
from nas.train.optimizers import optimizer
from nas.train.schedules import SCHEDULES

VALIDATION_PIXELS = 2**20
"""Images are validated in batches of about so many pixels, to bound the memory."""


class DivergenceError(ArithmeticError):
    """A loss that is no longer a finite number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """One epoch, 0 being the first; losses are mean cross-entropies.

    The training loss is that which is minimised, so with label smoothing and the
    classes' weights, and with the learning rate ``lr`` of the epoch's last step.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    validation_balanced_accuracy: float
    lr: float

    def objective(self, recipe: Recipe) -> float:
        """Return the accuracy that the recipe is judged by."""
        if recipe.objective == "balanced-accuracy":
            return self.validation_balanced_accuracy
        return self.validation_accuracy


class Training(LightningModule):
    """Trains a network by a recipe, as manual optimisation.

    Lightning hands over the order of one epoch's images; the batches are cut and
    augmented here, on the device.

    Args:
        network: images (N, C, H, W) in [0, 1] to logits (N, classes).
        recipe: everything else about the training.
        train, validation: hand over batches on the device of the training.
        num_classes: how many the network tells apart.
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
        train: Feed,
        validation: Feed,
        num_classes: int,
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
        self._augmentation = Generator(train.device).manual_seed(seed)
        self._sizes = batch_sizes(len(train), recipe.batch_size)
        self._schedule = SCHEDULES[recipe.schedule]
        self._num_classes = num_classes
        self._weights = (
            class_weights(train.labels, num_classes) if recipe.class_weights else None
        )
        self._trained = (0.0, 0.0, 0.0)

    def configure_optimizers(self) -> Optimizer:
        """Return the recipe's optimizer."""
        return optimizer(self.network, self._recipe)

    def train_dataloader(self) -> SingleBatch:
        """Return what gives the order of all training images, anew each epoch."""
        return SingleBatch(lambda: self._train.order(self._shuffling))

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
        batches = self._train.batches(order, self._sizes)
        for step, (images, labels) in enumerate(batches, start=done):
            lr = self._recipe.lr * self._schedule((step + 0.5) / num_steps)
            for group in optimizer.param_groups:
                group["lr"] = lr
            totals += self._step(images, labels, optimizer)
        loss, accuracy = (totals / len(order)).tolist()
        if not isfinite(loss):
            raise DivergenceError(
                f"diverged: the training loss is {loss} in epoch {self.current_epoch}"
            )
        self._trained = (loss, accuracy, lr)

    def _step(self, images: Tensor, labels: Tensor, optimizer: Optimizer) -> Tensor:
        """Train on one batch and return (sum of losses, number of hits)."""
        recipe = self._recipe
        images = augment(
            images, recipe.augment, self._augmentation, mirrored=recipe.flip
        )
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
        return torch.stack((loss.detach() * len(labels), hits))

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        smoothing = self._recipe.label_smoothing
        return cross_entropy(
            logits, labels, weight=self._weights, label_smoothing=smoothing
        )

    def validation_step(self, index: Tensor) -> None:
        """Validate, and tell about the epoch.

        Raises:
            DivergenceError: the loss is not finite.
        """
        _, height, width = self._validation.image_shape
        sizes = batch_sizes(len(index), max(1, VALIDATION_PIXELS // (height * width)))
        total = torch.zeros((), dtype=torch.float64, device=self._validation.device)
        hits, counts = torch.zeros(
            (2, self._num_classes), dtype=torch.int64, device=self._validation.device
        )
        for images, labels in self._validation.batches(index, sizes):
            with self._autocast():
                logits = self.network(scaled(images))
            total += cross_entropy(logits.float(), labels, reduction="sum")
            # Sums of integers are the same in whatever order a GPU adds them.
            hits.index_add_(0, labels, (logits.argmax(dim=1) == labels).long())
            counts.index_add_(0, labels, torch.ones_like(labels))
        loss = float(total) / len(index)
        if not isfinite(loss):
            raise DivergenceError(
                f"diverged: the validation loss is {loss} in epoch {self.current_epoch}"
            )
        train_loss, train_accuracy, lr = self._trained
        accuracy, balanced_accuracy = accuracies(hits, counts)
        self._on_epoch(
            Metrics(
                epoch=self.current_epoch,
                train_loss=train_loss,
                train_accuracy=train_accuracy,
                validation_loss=loss,
                validation_accuracy=accuracy,
                validation_balanced_accuracy=balanced_accuracy,
                lr=lr,
            )
        )

    def _autocast(self) -> torch.autocast:
        # One for each step, not Lightning's around them all: it keeps bfloat16 copies
        # of the weights until it ends, and later steps would not see any update.
        return torch.autocast(
            self._train.device.type, torch.bfloat16, enabled=self._bf16
        )
