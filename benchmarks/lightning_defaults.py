"""A training as Lightning's own documentation has it, but for the settings of torch."""

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, TensorDataset

from nas.arch import Architecture
from nas.data import SearchData, Split
from nas.nn.build import build
from nas.nn.memory import keep_parts
from nas.nn.processor import suit_processor
from nas.records import Recipe
from nas.train.optimizers import optimizer
from nas.train.schedules import SCHEDULES


class Classifier(LightningModule):
    """A network and its recipe, without augmentation."""

    def __init__(self, network: nn.Module, recipe: Recipe, num_steps: int) -> None:
        super().__init__()
        self.network = network
        self.recipe = recipe
        self.num_steps = num_steps

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        """Return the loss of a batch."""
        images, labels = batch
        logits = self.network(images)
        smoothing = self.recipe.label_smoothing
        loss = cross_entropy(logits, labels, label_smoothing=smoothing)
        self.log("train/loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        """Log the accuracy on a batch."""
        images, labels = batch
        accuracy = (self.network(images).argmax(1) == labels).float().mean()
        self.log("accuracy", accuracy, prog_bar=True)

    def configure_optimizers(self) -> Any:
        """Return the optimizer, and a schedule that takes every step."""
        found = optimizer(self.network, self.recipe)
        for group in found.param_groups:
            group["lr"] = self.recipe.lr
        share = SCHEDULES[self.recipe.schedule]
        rates = LambdaLR(found, lambda step: share(min(1, step / self.num_steps)))
        return [found], [{"scheduler": rates, "interval": "step"}]


def train_lightning(
    architecture: Architecture, data: SearchData, recipe: Recipe, folder: Path
) -> float:
    """Train on one thread of the CPU with the Trainer's defaults; return the accuracy.

    The loaders have no workers, which on one core would only cost.
    """
    network = build(architecture, data.mean, data.std, seed=0)
    keep_parts(network)
    suit_processor(network)
    network.to(memory_format=torch.channels_last)
    loader = DataLoader(_dataset(data.train), recipe.batch_size, shuffle=True)
    held_out = DataLoader(_dataset(data.validation), recipe.batch_size)
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=recipe.epochs,
        default_root_dir=folder,
        precision="bf16-mixed" if recipe.precision == "bf16" else "32-true",
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    num_steps = recipe.epochs * len(loader)
    trainer.fit(Classifier(network, recipe, num_steps), loader, held_out)
    return float(trainer.callback_metrics["accuracy"])


def _dataset(split: Split) -> TensorDataset:
    images = torch.from_numpy(split.images).float() / 255
    return TensorDataset(images, torch.from_numpy(split.labels))
