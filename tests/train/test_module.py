import pytest
import torch
from tiny import DATA, architecture
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nas.nn.build import build
from nas.records import Recipe
from nas.train.batches import DeviceSplit
from nas.train.fit import fit
from nas.train.module import Metrics, Training
from nas.train.schedules import one_cycle

CPU = torch.device("cpu")
TRAIN = DeviceSplit.copy(DATA.train, CPU)
VALIDATION = DeviceSplit.copy(DATA.validation, CPU)
RECIPE = Recipe(
    epochs=3, batch_size=16, lr=0.05, augment="none", optimizer="sgd", weight_decay=0.0
)


def network() -> nn.Module:
    return build(architecture(), DATA.mean, DATA.std, seed=0)


def train(network: nn.Module, *, bf16: bool = False) -> list[Metrics]:
    epochs: list[Metrics] = []
    training = Training(
        network,
        RECIPE,
        train=TRAIN,
        validation=VALIDATION,
        seed=5,
        bf16=bf16,
        on_epoch=epochs.append,
    )
    fit(training, RECIPE.epochs, CPU)
    return epochs


def train_by_hand(network: nn.Module, *, bf16: bool) -> list[list[float]]:
    """Do the same as a plain loop; return training loss and accuracy, validation's."""
    optimizer = torch.optim.SGD(
        network.parameters(), lr=1.0, momentum=0.9, nesterov=True
    )
    generator = torch.Generator().manual_seed(5)
    sizes = [16, 16, 16, 17]
    rates = [0.05 * one_cycle((step + 0.5) / 12) for step in range(12)]
    epochs = []
    for epoch in range(3):
        loss_sum = hits = 0.0
        order = torch.randperm(65, generator=generator)
        for batch, index in enumerate(order.split(sizes)):
            optimizer.param_groups[0]["lr"] = rates[epoch * 4 + batch]
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                logits = network.train()(TRAIN.images[index] / 255)
            labels = TRAIN.labels[index]
            loss = cross_entropy(logits.float(), labels, label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(index)
            hits += float((logits.argmax(1) == labels).sum())
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = network.eval()(VALIDATION.images / 255).float()
        accuracy = (logits.argmax(1) == VALIDATION.labels).float().mean()
        loss = cross_entropy(logits, VALIDATION.labels)
        epochs.append([loss_sum / 65, hits / 65, float(loss), float(accuracy)])
    return epochs


@pytest.mark.parametrize("bf16", [False, True])
def test_an_epoch_as_one_step_is_the_plain_loop(bf16: bool) -> None:
    ours, by_hand = network(), network()
    epochs = train(ours, bf16=bf16)
    expected = train_by_hand(by_hand, bf16=bf16)
    assert [metrics.epoch for metrics in epochs] == [0, 1, 2]
    for metrics, values in zip(epochs, expected, strict=True):
        assert [
            metrics.train_loss,
            metrics.train_accuracy,
            metrics.validation_loss,
            metrics.validation_accuracy,
        ] == pytest.approx(values, rel=1e-4)
    state: dict[str, Tensor] = by_hand.state_dict()
    for name, value in ours.state_dict().items():
        torch.testing.assert_close(value, state[name])
