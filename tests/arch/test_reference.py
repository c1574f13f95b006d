"""Golden numbers: the reference networks have the size and cost that others report."""

import pytest
import torch

from nas.arch import from_json, to_json
from nas.arch.reference import REFERENCES
from nas.nn.build import build, supervised
from nas.nn.cost import cost
from nas.nn.measure import measure

IMAGENET = ((3, 224, 224), 1000)
CIFAR = ((3, 32, 32), 10)
# Parameters to the last one, with the 10^9 MACs that torchvision publishes beside its
# weights, and those of the DLA paper.
LARGE = {
    "resnet18": (11_689_512, "1.814"),
    "resnet34": (21_797_672, "3.664"),
    "resnet50": (25_557_032, "4.089"),
    "densenet121": (7_978_856, "2.834"),
    "dla34": (15_742_104, "3.1"),
    "dla60": (22_036_632, "4.2"),
    "googlenet": (6_624_904, "1.498"),
}
# 10^6 parameters as the papers print them.
SMALL = {"resnet20": "0.27", "resnet56": "0.85", "densenet_bc_100_12": "0.77"}


def rounded_like(printed, value):
    digits = len(printed.partition(".")[2])
    return f"{value:.{digits}f}"


@pytest.mark.parametrize("name", LARGE)
def test_size_and_cost_for_imagenet(name):
    params, giga_macs = LARGE[name]
    total = cost(REFERENCES[name](*IMAGENET)).total
    assert total.params == params
    assert rounded_like(giga_macs, total.macs / 1e9) == giga_macs


def test_size_of_googlenet_with_its_auxiliary_heads():
    assert cost(REFERENCES["googlenet"](*IMAGENET)).with_aux.params == 13_004_888


@pytest.mark.parametrize("name", SMALL)
def test_size_for_cifar(name):
    params = cost(REFERENCES[name](*CIFAR)).total.params
    assert rounded_like(SMALL[name], params / 1e6) == SMALL[name]


def test_preactivation_moves_norms_and_adds_none():
    plain, preact = (
        cost(REFERENCES[name](*CIFAR)).total for name in ("resnet20", "preact_resnet20")
    )
    assert preact == plain


@pytest.mark.parametrize("name", REFERENCES)
def test_the_built_network_has_that_cost(name):
    architecture = REFERENCES[name](*(IMAGENET if name in LARGE else CIFAR))
    expected = cost(architecture)
    with torch.device("meta"):
        network = build(architecture)
        heads = supervised(architecture, network).heads
    assert measure(network, architecture.input_shape) == expected.total
    for spec, head, one in zip(architecture.aux, heads, expected.aux, strict=True):
        place = spec.after + 1
        features = (architecture.widths[place], *architecture.resolutions[place])
        assert measure(head, features) == one


@pytest.mark.parametrize("name", REFERENCES)
def test_survives_json(name):
    architecture = REFERENCES[name](*CIFAR)
    assert from_json(to_json(architecture)) == architecture
