import pytest
import torch
from torch import nn

from nas.records import OPTIMIZERS as NAMES
from nas.records import Recipe
from nas.train.optimizers import OPTIMIZERS, optimizer


def test_there_is_an_optimizer_for_every_name_of_a_recipe() -> None:
    assert set(OPTIMIZERS) == set(NAMES)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weights_decay_but_norms_and_biases_do_not(name: str) -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 3))
    before = {name: value.clone() for name, value in network.named_parameters()}
    step = optimizer(network, Recipe(optimizer=name, weight_decay=0.5))
    for group in step.param_groups:
        group["lr"] = 0.1
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    step.step()
    smaller = {
        name
        for name, value in network.named_parameters()
        if value.norm() < before[name].norm()
    }
    assert smaller == {"0.weight", "2.weight"}
