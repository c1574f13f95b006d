"""Variants of random networks come to the size of what they were made from."""

import random
from collections.abc import Iterator

import pytest

from nas.arch import Architecture, Concat
from nas.arch.reference import REFERENCES
from nas.nn.build import build
from nas.nn.cost import num_params
from nas.space import BoundSpace, SearchSpace
from nas.space.resized import TOLERANCE, resized
from nas.space.switched import switches


def off(space: SearchSpace, shape, max_params, draws) -> Iterator[tuple[int, float]]:
    """Yield sizes of random networks, and by how much their variants miss them."""
    bound = BoundSpace(
        space=space, input_shape=shape, num_classes=10, max_params=max_params
    )
    rng = random.Random(0)
    for _ in range(draws):
        base = bound.sample(rng)
        size = num_params(base)
        for switch in switches(base, space).variants:
            found = resized(switch.architecture, size)
            yield size, abs(num_params(found) / size - 1)


@pytest.mark.parametrize(
    ("name", "shape", "max_params"),
    [
        ("default", (1, 8, 8), 50_000),
        ("mobile", (3, 32, 32), 1_000_000),
        ("reference", (3, 32, 32), 3_000_000),
        ("imagenet", (3, 224, 224), 10_000_000),
    ],
)
def test_all_variants_are_within_one_percent(spaces, name, shape, max_params):
    missed = [(s, o) for s, o in off(spaces[name], shape, max_params, 4) if o > 0.01]
    assert missed == []


def test_the_smallest_networks_come_near(spaces):
    found = list(off(spaces["minimal"], (1, 8, 8), 2_000, 15))
    assert all(size <= 2_000 for size, _ in found)
    assert max(o for _, o in found) < 0.03
    assert sum(o <= TOLERANCE for _, o in found) >= 0.95 * len(found)


def test_a_network_of_the_size_stays_as_it_is():
    network = REFERENCES["resnet20"]((3, 32, 32), 10)
    assert resized(network, num_params(network)) is network
    assert resized(network, round(1.009 * num_params(network))) is network


@pytest.mark.parametrize("name", ["resnet20", "dla_small", "preact_resnet20"])
@pytest.mark.parametrize("factor", [0.3, 0.9, 1.1, 3.0])
def test_proportions_are_kept_up_and_down(name, factor):
    network = REFERENCES[name]((3, 32, 32), 10)
    size = round(factor * num_params(network))
    found = resized(network, size)
    assert abs(num_params(found) / size - 1) <= 0.01
    ratios = [new / old for new, old in zip(found.widths, network.widths, strict=True)]
    assert max(ratios) < 1.25 * min(ratios)
    assert all(width % 2 == 0 for width in found.widths)


def test_widths_that_follow_go_on_following():
    network = REFERENCES["densenet_bc_100_12"]((3, 32, 32), 10)
    found = resized(network, 2 * num_params(network))
    *_, last = found.blocks
    assert isinstance(last.aggregation, Concat)
    assert not last.aggregation.compress
    grown = found.widths[-2] + last.depth * last.aggregation.growth
    assert last.width == grown


def test_what_was_resized_can_be_built():
    network = REFERENCES["dla_small"]((3, 32, 32), 10)
    found: Architecture = resized(network, 40_000)
    built = build(found)
    size = sum(p.numel() for p in built.parameters() if p.requires_grad)
    assert size == num_params(found)
