from dataclasses import replace

import pytest
import torch
from architectures import small_architectures
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.arch import Architecture, Basic, Block, Stem, Sum
from nas.nn.network import build

SMALL = Architecture(
    input_shape=(3, 8, 8),
    num_classes=5,
    stem=Stem(width=4),
    blocks=(Block(aggregation=Sum(), unit=Basic(), depth=2, width=6, stride=2),),
)


@settings(max_examples=50)
@given(small_architectures(), st.integers(0, 2**32))
def test_forward_gives_logits_and_backward_finite_gradients(architecture, seed):
    network = build(architecture, seed=seed)
    images = torch.rand(3, *architecture.input_shape)
    logits = network(images)
    assert logits.shape == (3, architecture.num_classes)
    targets = torch.zeros(3, dtype=torch.long)
    torch.nn.functional.cross_entropy(logits, targets).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


@settings(max_examples=50)
@given(small_architectures())
def test_resolutions_and_widths_are_those_of_the_features(architecture):
    network = build(architecture, seed=0).eval()
    specs = (architecture.stem, *architecture.blocks)
    with torch.no_grad():
        x = torch.rand(1, *architecture.input_shape)
        for module, spec, size in zip(
            (network.stem, *network.blocks),
            specs,
            architecture.resolutions,
            strict=True,
        ):
            x = module(x)
            assert x.shape == (1, spec.width, *size)


@settings(max_examples=25)
@given(small_architectures(), st.integers(0, 2**63))
def test_seed_alone_decides_the_weights(architecture, seed):
    torch.manual_seed(1)
    one = build(architecture, seed=seed).state_dict()
    torch.manual_seed(2)
    two = build(architecture, seed=seed).state_dict()
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_convolutions_start_with_the_variance_that_relu_needs():
    wide = replace(SMALL, stem=Stem(width=200, kernel=5))
    weight = build(wide, seed=0).stem[0].weight
    fan_out = 200 * 5 * 5
    assert weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.05)
    assert weight.mean().item() == pytest.approx(0.0, abs=0.002)


def test_another_seed_gives_other_weights():
    one, two = (build(SMALL, seed=seed) for seed in (0, 1))
    assert not torch.equal(one.stem[0].weight, two.stem[0].weight)
    assert not torch.equal(one.head.fc.weight, two.head.fc.weight)


def test_build_with_a_seed_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    build(SMALL, seed=3)
    assert torch.equal(torch.get_rng_state(), before)


def test_build_without_a_seed_draws_from_the_global_generator():
    torch.manual_seed(11)
    one = build(SMALL)
    torch.manual_seed(11)
    two = build(SMALL)
    three = build(SMALL)
    assert torch.equal(one.stem[0].weight, two.stem[0].weight)
    assert not torch.equal(two.stem[0].weight, three.stem[0].weight)


def test_build_with_a_seed_leaves_the_generators_of_devices_alone(monkeypatch):
    seeded = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)
    build(SMALL, seed=3)
    assert seeded == []


@given(st.data())
@settings(max_examples=20)
def test_each_image_is_judged_alone(data):
    """In evaluation no image changes the logits of another."""
    architecture = data.draw(small_architectures())
    network = build(architecture, seed=0).eval()
    images = torch.rand(4, *architecture.input_shape)
    with torch.no_grad():
        together = network(images)
        alone = torch.cat([network(image[None]) for image in images])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_network_normalises_each_channel():
    mean, std = (0.1, 0.5, 0.9), (0.2, 0.5, 1.0)
    plain = build(SMALL, seed=0).eval()
    normal = build(SMALL, mean, std, seed=0).eval()
    images = torch.rand(2, 3, 8, 8)
    by_hand = torch.stack([(images[:, i] - mean[i]) / std[i] for i in range(3)], dim=1)
    with torch.no_grad():
        torch.testing.assert_close(normal(images), plain(by_hand))
