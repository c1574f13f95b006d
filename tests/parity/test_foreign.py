"""Our reference networks compute what those of torchvision and timm compute.

Needs both, and runs in a process of its own; ``.ci/run`` installs and runs it.
"""

from dataclasses import replace
from importlib.util import find_spec

import pytest
import torch
from compare import assert_same_function

from nas.arch.reference import REFERENCES
from nas.nn.build import build, supervised
from nas.nn.cost import Cost, cost
from nas.nn.measure import measure

if find_spec("timm") is None or find_spec("torchvision") is None:
    pytest.skip(
        "torchvision and timm are not on the path: .ci/run puts them into a folder of "
        "their own, away from the main environment, and runs tests/parity with it",
        allow_module_level=True,
    )

import foreign

IMAGENET = (3, 224, 224)
# Odd lengths show how each rounds; the others' DenseNet and DLA round down where ours
# rounds up, so they agree on multiples of 32 only, 224 among them.
SMALL = {
    "resnet18": (3, 75, 101),
    "resnet34": (3, 75, 101),
    "resnet50": (3, 75, 101),
    "densenet121": (3, 64, 96),
    "dla34": (3, 64, 96),
    "dla60": (3, 64, 96),
    "googlenet": (3, 75, 101),
    "googlenet without heads": (3, 75, 101),
    "densenet_bc_100_12": (3, 32, 20),
}
LARGE = [name for name in SMALL if name != "densenet_bc_100_12"]


def our_architecture(name, input_shape, num_classes):
    if name == "googlenet without heads":
        return replace(REFERENCES["googlenet"](input_shape, num_classes), aux=())
    return REFERENCES[name](input_shape, num_classes)


def our_network(architecture):
    network = build(architecture)
    return supervised(architecture, network) if architecture.aux else network


@pytest.mark.parametrize("name", SMALL)
def test_same_function_in_float64(name):
    shape = SMALL[name]
    ours = our_network(our_architecture(name, shape, 10))
    assert_same_function(foreign.network(name, 10), ours, shape, torch.float64)


@pytest.mark.parametrize("name", LARGE)
def test_same_function_on_images_and_classes_of_imagenet_in_float32(name):
    ours = our_network(our_architecture(name, IMAGENET, 1000))
    theirs = foreign.network(name, 1000)
    assert_same_function(theirs, ours, IMAGENET, torch.float32, batch=2)


@pytest.mark.parametrize("name", LARGE)
def test_same_cost(name):
    expected = cost(our_architecture(name, IMAGENET, 1000))
    with torch.device("meta"):
        theirs = foreign.network(name, 1000)
    measured = measure(theirs, IMAGENET)  # its pass leaves the auxiliary heads out
    assert measured == Cost(expected.with_aux.params, expected.total.macs)
