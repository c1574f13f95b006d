"""The search that an experienced user of Optuna and Lightning would write.

One trial at a time in one process: ``study.optimize``, a ``TensorDataset`` behind a
``DataLoader``, a ``LightningModule`` with ``self.log`` and automatic optimisation, and
a ``Trainer`` as it comes, with its logger, checkpoints and progress bar. The networks,
their first weights, the optimizer, the schedule, the batches' size and the epochs are
those that ``nas`` would use. It is what ``throughput.py`` measures against, which also
writes the file that it reads:

    python benchmarks/naive.py CANDIDATES.npz RESULTS.json --seed 0 --loader-workers 0

Results are the seconds and the last validation accuracy of each candidate, in the order
of the file; what comes before the first trial, such as imports, is not counted. A short
training of the first candidate, not counted either, comes first.
"""

import argparse
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import optuna
import torch
from lightning.pytorch import LightningModule, Trainer, seed_everything
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from nas.arch import Architecture, from_json
from nas.nn.build import build
from nas.records import Recipe


class Classifier(LightningModule):
    """A network with its loss, as in any tutorial."""

    def __init__(self, network: nn.Module, recipe: Recipe) -> None:
        super().__init__()
        self.network = network
        self.recipe = recipe

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images)

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        images, labels = batch
        logits = self(images)
        smoothing = self.recipe.label_smoothing
        loss = cross_entropy(logits, labels, label_smoothing=smoothing)
        accuracy = (logits.argmax(dim=1) == labels).float().mean()
        self.log("train/loss", loss)
        self.log("train/accuracy", accuracy)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        images, labels = batch
        logits = self(images)
        accuracy = (logits.argmax(dim=1) == labels).float().mean()
        self.log("validation/loss", cross_entropy(logits, labels), prog_bar=True)
        self.log("validation/accuracy", accuracy, prog_bar=True)

    def configure_optimizers(self) -> dict[str, Any]:
        parameters = list(self.parameters())
        groups = [
            {"params": [p for p in parameters if p.ndim > 1]},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
        recipe = self.recipe
        assert (recipe.optimizer, recipe.schedule) == ("sgd", "one-cycle")
        optimizer = torch.optim.SGD(
            groups,
            lr=recipe.lr,
            momentum=0.9,
            nesterov=True,
            weight_decay=recipe.weight_decay,
        )
        scheduler = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            max_lr=recipe.lr,
            total_steps=int(self.trainer.estimated_stepping_batches),
            cycle_momentum=False,
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }


class Candidates:
    """What there is to train: networks, images and a recipe, out of one file."""

    def __init__(self, path: Path) -> None:
        with np.load(path) as file:
            facts = json.loads(str(file["facts"]))
            self.train = _dataset(file["train_images"], file["train_labels"])
            self.validation = _dataset(
                file["validation_images"], file["validation_labels"]
            )
        self.mean, self.std = tuple(facts["mean"]), tuple(facts["std"])
        self.recipe = Recipe(**facts["recipe"])
        self.architectures = [from_json(data) for data in facts["architectures"]]


def _dataset(images: np.ndarray, labels: np.ndarray) -> TensorDataset:
    pixels = torch.from_numpy(images).float() / 255
    return TensorDataset(pixels, torch.from_numpy(labels))


def train(
    candidates: Candidates,
    architecture: Architecture,
    epochs: int,
    seed: int,
    loader_workers: int,
    folder: str,
) -> float:
    """Return the validation accuracy of a network after its training."""
    seed_everything(seed, verbose=False)
    recipe = candidates.recipe
    loading: dict[str, Any] = {"num_workers": loader_workers}
    if loader_workers:
        loading["persistent_workers"] = True
    train_loader = DataLoader(
        candidates.train, batch_size=recipe.batch_size, shuffle=True, **loading
    )
    validation_loader = DataLoader(
        candidates.validation, batch_size=recipe.batch_size, **loading
    )
    network = build(architecture, candidates.mean, candidates.std, seed)
    trainer = Trainer(max_epochs=epochs, default_root_dir=folder)
    trainer.fit(Classifier(network, recipe), train_loader, validation_loader)
    return float(trainer.callback_metrics["validation/accuracy"])


def main() -> None:
    """Train every candidate once, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("candidates", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--loader-workers", type=int, default=0)
    parser.add_argument("--threads", type=int, help="of torch; its own choice without")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    candidates = Candidates(options.candidates)
    architectures, epochs = candidates.architectures, candidates.recipe.epochs
    seed, loader_workers = options.seed, options.loader_workers
    seconds = [0.0] * len(architectures)
    accuracies = [0.0] * len(architectures)
    with TemporaryDirectory() as folder:
        train(candidates, architectures[0], 1, seed, loader_workers, folder)

        def objective(trial: optuna.Trial) -> float:
            began = time.perf_counter()
            number = trial.suggest_int("number", 0, len(architectures) - 1)
            accuracies[number] = train(
                candidates, architectures[number], epochs, seed, loader_workers, folder
            )
            seconds[number] = time.perf_counter() - began
            return accuracies[number]

        study = optuna.create_study(direction="maximize")
        for number in range(len(architectures)):
            study.enqueue_trial({"number": number})
        began = time.perf_counter()
        study.optimize(objective, n_trials=len(architectures))
        total = time.perf_counter() - began
    results = {"seconds": seconds, "accuracies": accuracies, "total_seconds": total}
    options.results.write_text(json.dumps(results))


if __name__ == "__main__":
    main()
