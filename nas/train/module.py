"""The training itself: a LightningModule whose step is a whole epoch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from time import perf_counter

import torch
from lightning.pytorch import LightningModule
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer

from nas.records import OnTestSplit, Recipe
from nas.train.batches import SingleBatch, batch_sizes, scaled
from nas.train.feed import Feed
from nas.train.graph import Graph
from nas.train.imbalance import accuracies, class_weights
from nas.train.loops import EagerLoop, GraphedLoop, Loop
from nas.train.optimizers import optimizer
from nas.train.refreshed import refresh_norms
from nas.train.resident import ResidentFeed
from nas.train.schedules import SCHEDULES
from nas.train.snapshot import Generators, put_back, taken
from nas.train.step import Step, autocast

VALIDATION_PIXELS = 2**20
"""Images are validated in batches of about so many pixels, to bound the memory."""


class DivergenceError(ArithmeticError):
    """A loss that is no longer a finite number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """One epoch, 0 being the first; losses are mean cross-entropies.

    The training loss is that which is minimised, so with label smoothing and the
    classes' weights, and with the learning rate ``lr`` of the epoch's last step. Those
    of validation are None where no images are held out for it. ``seconds`` are those of
    the whole epoch, ``images_per_second`` the rate of its training alone.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    validation_balanced_accuracy: float | None
    lr: float
    seconds: float
    images_per_second: float

    def objective(self, recipe: Recipe) -> float | None:
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
        train: hands over batches on the device of the training.
        validation: does the same; None where nothing is validated.
        num_classes: how many the network tells apart.
        seed: of the shuffling and the augmentation.
        aux_weights: of the losses of the auxiliary heads, when the network is
            a ``DeepSupervision``.
        bf16: multiply in bfloat16, keep everything else in float32.
        new_graph: makes what records and replays a step of images that the device
            holds; None takes every step by itself.
        resumed: what ``snapshot`` returned, for a training that goes on.
        first_epoch: how many epochs it has had by then.
        on_epoch: is told about every epoch, after its validation.
        on_note: is told what else there is to know about the training.
    """

    def __init__(
        self,
        network: nn.Module,
        recipe: Recipe,
        *,
        train: Feed,
        validation: Feed | None,
        num_classes: int,
        seed: int,
        aux_weights: tuple[float, ...] = (),
        bf16: bool,
        new_graph: Callable[[Generator], Graph] | None = None,
        resumed: Mapping[str, Tensor] | None = None,
        first_epoch: int = 0,
        on_epoch: Callable[[Metrics], None],
        on_note: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.network = network
        self._recipe = recipe
        self._train = train
        self._validation = validation
        self._aux_weights = aux_weights
        self._bf16 = bf16
        self._new_graph = new_graph
        self._resumed = resumed
        self._first_epoch = first_epoch
        self._on_epoch = on_epoch
        self._on_note = on_note
        self._num_classes = num_classes
        self._seed = seed
        self._shuffling = Generator().manual_seed(seed)
        self._sizes = batch_sizes(len(train), recipe.batch_size)
        share, num_steps = SCHEDULES[recipe.schedule], recipe.epochs * len(self._sizes)
        self._rates = [
            recipe.lr * share((step + 0.5) / num_steps) for step in range(num_steps)
        ]
        self._step: Step | None = None
        self._loop: Loop | None = None
        self._trained = (0.0, 0.0, 0.0)
        self._began = self._train_seconds = 0.0

    @property
    def epoch(self) -> int:
        """Which epoch of the whole training this is, 0 being the first."""
        return self._first_epoch + int(self.current_epoch)

    def configure_optimizers(self) -> Optimizer:
        """Return the recipe's optimizer."""
        return optimizer(self.network, self._recipe)

    def train_dataloader(self) -> SingleBatch:
        """Return what gives the order of all training images, anew each epoch."""
        return SingleBatch(lambda: self._train.order(self._shuffling))

    def val_dataloader(self) -> SingleBatch:
        """Return what gives the positions of all validation images, if any."""
        count = 0 if self._validation is None else len(self._validation)
        return SingleBatch(lambda: torch.arange(count))

    def on_train_start(self) -> None:
        """Make ready, now that there is an optimizer and before an order is drawn."""
        self._step, self._loop = self._started()

    def training_step(self, order: Tensor) -> None:
        """Train one epoch in the order given, positions (N,).

        Raises:
            DivergenceError: the loss is not finite.
        """
        assert self._step is not None
        assert self._loop is not None
        done = self.epoch * len(self._sizes)
        rates = self._rates[done : done + len(self._sizes)]
        self._began = perf_counter()
        self._step.start_totals()
        self._loop.run(order, self._sizes, rates)
        loss_sum, hits = self._step.totals()  # which waits for the device
        self._train_seconds = perf_counter() - self._began
        loss = loss_sum / len(order)
        if not isfinite(loss):
            raise DivergenceError(
                f"diverged: the training loss is {loss} in epoch {self.epoch}"
            )
        self._trained = (loss, hits / len(order), rates[-1])
        if self._validation is None:
            self._tell_epoch(None, None, None)

    def snapshot(self) -> dict[str, Tensor]:
        """Return what a training that goes on from here needs, once it has begun."""
        assert self._step is not None
        return taken(self.network, self._step.optimizer, self._generators(self._step))

    def _generators(self, step: Step) -> Generators:
        """Return all that the training draws from, dropout among it."""
        found = {
            "shuffling": self._shuffling,
            "augmentation": step.augmentation,
            "torch": torch.default_generator,
        }
        if (device := self._train.device).type == "cuda":
            found["cuda"] = torch.cuda.default_generators[device.index or 0]
        return found

    def release(self) -> None:
        """Let go of the network and of everything else that takes memory.

        The trainer, which refers to this module and to itself, outlives a training for
        as long as Python has not looked for such cycles.
        """
        del self.network
        self._step = self._loop = None

    def _started(self) -> tuple[Step, Loop]:
        """Return the step and what repeats it."""
        optimizer = self.optimizers(use_pl_optimizer=False)
        assert isinstance(optimizer, Optimizer)
        feed, recipe = self._train, self._recipe
        weights = (
            class_weights(feed.labels, self._num_classes)
            if recipe.class_weights
            else None
        )
        step = Step(
            self.network,
            optimizer,
            self.manual_backward,
            recipe,
            augmentation=Generator(feed.device).manual_seed(self._seed),
            class_weights=weights,
            aux_weights=self._aux_weights,
            bf16=self._bf16,
        )
        if self._resumed is not None:
            put_back(self._resumed, self.network, optimizer, self._generators(step))
            self._resumed = None
        if self._new_graph is None or not isinstance(feed, ResidentFeed):
            return step, EagerLoop(step, feed)
        return step, GraphedLoop(
            step,
            feed,
            batch_size=recipe.batch_size,
            epoch_steps=len(self._sizes),
            new_graph=self._new_graph,
            on_fallback=self._on_note,
        )

    def validation_step(self, index: Tensor) -> None:
        """Validate, and tell about the epoch.

        Raises:
            DivergenceError: the loss is not finite.
        """
        assert self._validation is not None
        self._tell_epoch(*self._measured(self._validation, index, "validation"))

    def _tell_epoch(
        self,
        loss: float | None,
        accuracy: float | None,
        balanced_accuracy: float | None,
    ) -> None:
        train_loss, train_accuracy, lr = self._trained
        self._on_epoch(
            Metrics(
                epoch=self.epoch,
                train_loss=train_loss,
                train_accuracy=train_accuracy,
                validation_loss=loss,
                validation_accuracy=accuracy,
                validation_balanced_accuracy=balanced_accuracy,
                lr=lr,
                seconds=perf_counter() - self._began,
                images_per_second=len(self._train) / self._train_seconds,
            )
        )

    def standing(self) -> float:
        """Return the accuracy of the objective, with norms that are up to date.

        For the end of a part of a training; a ``snapshot`` must have been taken before.

        Raises:
            DivergenceError: the loss is not finite.
        """
        assert self._validation is not None
        self.network.to(self._train.device)  # Lightning has taken it off a GPU
        batch_size = self._recipe.batch_size
        refresh_norms(self.network, self._train, batch_size, bf16=self._bf16)
        _, accuracy, balanced = self._measured_now(self._validation, "validation")
        is_balanced = self._recipe.objective == "balanced-accuracy"
        return balanced if is_balanced else accuracy

    def tested(self, test: Feed) -> OnTestSplit:
        """Return what the network reaches on a test split, once it is trained.

        Raises:
            DivergenceError: the loss is not finite.
        """
        self.network.to(self._train.device)
        loss, accuracy, balanced = self._measured_now(test, "test")
        return OnTestSplit(
            accuracy=accuracy, balanced_accuracy=balanced, loss=loss, images=len(test)
        )

    def _measured_now(self, feed: Feed, split: str) -> tuple[float, float, float]:
        """Do what `_measured` does, on all images of a split, outside of a fit."""
        self.network.eval()
        with torch.no_grad():
            return self._measured(
                feed, torch.arange(len(feed), device=feed.device), split
            )

    def _measured(
        self, feed: Feed, index: Tensor, split: str
    ) -> tuple[float, float, float]:
        """Return the loss, the accuracy and the balanced one on some images."""
        _, height, width = feed.image_shape
        sizes = batch_sizes(len(index), max(1, VALIDATION_PIXELS // (height * width)))
        total = torch.zeros((), dtype=torch.float64, device=feed.device)
        hits, counts = torch.zeros(
            (2, self._num_classes), dtype=torch.int64, device=feed.device
        )
        for images, labels in feed.batches(index, sizes):
            with autocast(images.device, self._bf16):
                logits = self.network(scaled(images))
            total += cross_entropy(logits.float(), labels, reduction="sum")
            # Sums of integers are the same in whatever order a GPU adds them.
            hits.index_add_(0, labels, (logits.argmax(dim=1) == labels).long())
            counts.index_add_(0, labels, torch.ones_like(labels))
        loss = float(total) / len(index)
        if not isfinite(loss):
            raise DivergenceError(
                f"diverged: the {split} loss is {loss} in epoch {self.epoch}"
            )
        return loss, *accuracies(hits, counts)
