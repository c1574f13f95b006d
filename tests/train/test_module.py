from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score
from tiny import DATA, architecture
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nas.data import Split
from nas.nn.build import build
from nas.records import Recipe
from nas.train.fit import fit
from nas.train.module import Metrics, Training
from nas.train.resident import ResidentFeed
from nas.train.schedules import one_cycle

CPU = torch.device("cpu")
RECIPE = Recipe(
    epochs=3, batch_size=16, lr=0.05, augment="none", optimizer="sgd", weight_decay=0.0
)
# Every second image is of class 1; here only every eighth is.
SOME = np.flatnonzero((DATA.train.labels == 0) | (np.arange(65) % 8 == 1))
RARE = Split(images=DATA.train.images[SOME], labels=DATA.train.labels[SOME])


def network() -> nn.Module:
    return build(architecture(), DATA.mean, DATA.std, seed=0)


def train(
    network: nn.Module, split: Split, recipe: Recipe, *, bf16: bool
) -> list[Metrics]:
    epochs: list[Metrics] = []
    training = Training(
        network,
        recipe,
        train=ResidentFeed(split, CPU),
        validation=ResidentFeed(DATA.validation, CPU),
        num_classes=2,
        seed=5,
        bf16=bf16,
        on_epoch=epochs.append,
    )
    fit(training, recipe.epochs, CPU)
    return epochs


def train_by_hand(
    network: nn.Module, split: Split, weight: Tensor | None, *, bf16: bool
) -> list[list[float]]:
    """Do the same as a plain loop; return what there is to know of each epoch."""
    train_images, validation_images = (
        torch.from_numpy(s.images) / 255 for s in (split, DATA.validation)
    )
    train_labels, validation_labels = (
        torch.from_numpy(s.labels) for s in (split, DATA.validation)
    )
    num_images = len(split)
    optimizer = torch.optim.SGD(
        network.parameters(), lr=1.0, momentum=0.9, nesterov=True
    )
    generator = torch.Generator().manual_seed(5)
    sizes = {65: [16, 16, 16, 17], 41: [16, 16, 9]}[num_images]
    steps = 3 * len(sizes)
    rates = [0.05 * one_cycle((step + 0.5) / steps) for step in range(steps)]
    epochs = []
    for epoch in range(3):
        loss_sum = hits = 0.0
        order = torch.randperm(num_images, generator=generator)
        for batch, index in enumerate(order.split(sizes)):
            optimizer.param_groups[0]["lr"] = rates[epoch * len(sizes) + batch]
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                logits = network.train()(train_images[index])
            labels = train_labels[index]
            loss = cross_entropy(
                logits.float(), labels, weight=weight, label_smoothing=0.1
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(index)
            hits += float((logits.argmax(1) == labels).sum())
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = network.eval()(validation_images).float()
        found = logits.argmax(1)
        epochs.append(
            [
                loss_sum / num_images,
                hits / num_images,
                float(cross_entropy(logits, validation_labels)),
                float((found == validation_labels).float().mean()),
                balanced_accuracy_score(validation_labels, found),
            ]
        )
    return epochs


@pytest.mark.parametrize("bf16", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_an_epoch_as_one_step_is_the_plain_loop(weighted: bool, bf16: bool) -> None:
    ours, by_hand = network(), network()
    split = RARE if weighted else DATA.train
    recipe = replace(RECIPE, class_weights=weighted)
    # 33 images of class 0 and 8 of class 1.
    weight = torch.tensor([41 / 66, 41 / 16]) if weighted else None
    epochs = train(ours, split, recipe, bf16=bf16)
    expected = train_by_hand(by_hand, split, weight, bf16=bf16)
    assert [metrics.epoch for metrics in epochs] == [0, 1, 2]
    for metrics, values in zip(epochs, expected, strict=True):
        assert [
            metrics.train_loss,
            metrics.train_accuracy,
            metrics.validation_loss,
            metrics.validation_accuracy,
            metrics.validation_balanced_accuracy,
        ] == pytest.approx(values, rel=1e-4)
    state: dict[str, Tensor] = by_hand.state_dict()
    for name, value in ours.state_dict().items():
        torch.testing.assert_close(value, state[name])


@pytest.mark.parametrize("objective", ["accuracy", "balanced-accuracy"])
def test_the_objective_is_one_of_the_accuracies(objective: str) -> None:
    metrics = Metrics(
        epoch=0,
        train_loss=1.0,
        train_accuracy=0.1,
        validation_loss=1.0,
        validation_accuracy=0.75,
        validation_balanced_accuracy=0.5,
        lr=0.1,
        seconds=2.0,
        images_per_second=100.0,
    )
    expected = {"accuracy": 0.75, "balanced-accuracy": 0.5}[objective]
    assert metrics.objective(replace(RECIPE, objective=objective)) == expected
