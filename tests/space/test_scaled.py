"""Known networks at other sizes keep their shape and land just under the target."""

import pytest

from nas.arch import Concat
from nas.arch.reference import REFERENCES
from nas.errors import DoesNotFit
from nas.nn.build import build
from nas.nn.cost import num_params
from nas.space.scaled import scaled

SHAPE = (3, 64, 64)
TARGETS = (50_000, 300_000, 1_000_000)


def shape_of(architecture):
    """All that is no width."""
    return [
        (type(b.aggregation), type(b.unit), b.depth, b.stride, b.pool)
        for b in architecture.blocks
    ]


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("target", TARGETS)
def test_every_known_network_lands_just_under_its_target(name, target):
    network = REFERENCES[name](SHAPE, 10)
    found = scaled(network, target)
    dense = any(isinstance(b.aggregation, Concat) for b in network.blocks)
    # A step of the growth rate is a large one where every layer pays for it.
    least = (0.3 if target < 100_000 else 0.8) if dense else 0.93
    assert least * target <= num_params(found) <= target
    assert shape_of(found) == shape_of(network)
    assert len(found.aux) == len(network.aux)


@pytest.mark.parametrize("name", ["resnet20", "resnet50", "dla34", "densenet121"])
def test_proportions_are_kept(name):
    network = REFERENCES[name](SHAPE, 10)
    found = scaled(network, 1_000_000)
    factors = [new / old for new, old in zip(found.widths, network.widths, strict=True)]
    assert max(factors) < 1.15 * min(factors)


def test_it_is_the_network_itself_at_its_own_size():
    network = REFERENCES["resnet20"](SHAPE, 10)
    assert scaled(network, num_params(network)) == network


def test_it_can_be_larger_than_it_was():
    network = REFERENCES["dla_small"](SHAPE, 10)
    larger = scaled(network, 4 * num_params(network))
    assert num_params(larger) > 3.8 * num_params(network)
    assert larger.widths[-1] > network.widths[-1]


def test_a_scaled_network_can_be_built():
    network = build(scaled(REFERENCES["densenet_bc_100_12"](SHAPE, 10), 60_000))
    size = sum(p.numel() for p in network.parameters() if p.requires_grad)
    assert size <= 60_000


def test_what_is_too_small_names_the_smallest():
    network = REFERENCES["resnet56"](SHAPE, 10)
    with pytest.raises(DoesNotFit, match="with the fewest channels, more than 100"):
        scaled(network, 100)


def test_the_smallest_of_all_can_be_had():
    network = REFERENCES["resnet20"](SHAPE, 10)
    with pytest.raises(DoesNotFit) as refused:
        scaled(network, 1)
    smallest = int(str(refused.value).split()[2].replace(",", ""))
    assert num_params(scaled(network, smallest)) == smallest
