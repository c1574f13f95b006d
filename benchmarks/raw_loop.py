"""A training as it would be written by hand in PyTorch, with every setting of ours."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nas.arch import Architecture
from nas.data import SearchData, Split
from nas.nn.build import build
from nas.nn.memory import keep_parts
from nas.nn.processor import suit_processor
from nas.records import Recipe
from nas.train.augment import augment
from nas.train.optimizers import optimizer as make_optimizer
from nas.train.schedules import SCHEDULES


def train_raw(
    architecture: Architecture, data: SearchData, recipe: Recipe, folder: Path
) -> float:
    """Train on one thread of the CPU, validate each epoch, save; return the accuracy.

    Networks with auxiliary heads are not supported.
    """
    folder.mkdir(parents=True)
    network = build(architecture, data.mean, data.std, seed=0)
    keep_parts(network)
    suit_processor(network)
    network.to(memory_format=torch.channels_last)
    images, labels = _tensors(data.train)
    held_out, expected = _tensors(data.validation)
    optimizer = make_optimizer(network, recipe)
    share = SCHEDULES[recipe.schedule]
    shuffling = torch.Generator().manual_seed(0)
    augmentation = torch.Generator().manual_seed(0)
    num_batches = -(-len(labels) // recipe.batch_size)
    step, accuracy = 0, 0.0
    for _ in range(recipe.epochs):
        network.train()
        order = torch.randperm(len(labels), generator=shuffling)
        for index in order.split(recipe.batch_size):
            lr = recipe.lr * share((step + 0.5) / (recipe.epochs * num_batches))
            for group in optimizer.param_groups:
                group["lr"] = lr
            batch = augment(
                images[index], recipe.augment, augmentation, mirrored=recipe.flip
            )
            with _autocast(recipe):
                loss = cross_entropy(
                    network(batch.float() / 255),
                    labels[index],
                    label_smoothing=recipe.label_smoothing,
                )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
        accuracy = _accuracy(network, held_out, expected, recipe)
    save_file(
        {name: value.contiguous() for name, value in network.state_dict().items()},
        folder / "weights.safetensors",
    )
    return accuracy


@torch.inference_mode()
def _accuracy(
    network: nn.Module, images: Tensor, labels: Tensor, recipe: Recipe
) -> float:
    network.eval()
    size = max(1, 2**20 // images[0, 0].numel())
    hits = 0
    for batch, classes in zip(images.split(size), labels.split(size), strict=True):
        with _autocast(recipe):
            found = network(batch.float() / 255).argmax(1)
        hits += int((found == classes).sum())
    return hits / len(labels)


def _autocast(recipe: Recipe) -> torch.autocast:
    enabled = recipe.precision == "bf16"
    return torch.autocast("cpu", torch.bfloat16, enabled=enabled)


def _tensors(split: Split) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(split.images), torch.from_numpy(split.labels)
