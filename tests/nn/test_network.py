from dataclasses import replace

import pytest
import torch
from architectures import small_architectures
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.arch import (
    Architecture,
    AuxHead,
    Basic,
    Block,
    Chain,
    Concat,
    Conv,
    PreactBasic,
    StemConv,
    Sum,
)
from nas.nn.build import block_modules, build, supervised
from nas.nn.layers import NormAct

SMALL = Architecture(
    input_shape=(3, 8, 8),
    num_classes=5,
    stem=(StemConv(width=4),),
    blocks=(Block(aggregation=Sum(), unit=Basic(), depth=2, width=6, stride=2),),
)


@settings(max_examples=50)
@given(small_architectures(), st.integers(0, 2**32))
def test_forward_gives_logits_and_backward_finite_gradients(architecture, seed):
    trained = supervised(architecture, build(architecture, seed=seed), seed)
    logits, auxiliary = trained(torch.rand(3, *architecture.input_shape))
    assert len(auxiliary) == len(architecture.aux)
    targets = torch.zeros(3, dtype=torch.long)
    loss = torch.zeros(())
    for scores in (logits, *auxiliary):
        assert scores.shape == (3, architecture.num_classes)
        loss = loss + torch.nn.functional.cross_entropy(scores, targets)
    loss.backward()
    for name, parameter in trained.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


@settings(max_examples=50)
@given(small_architectures())
def test_resolutions_and_widths_are_those_of_the_features(architecture):
    network = build(architecture, seed=0).eval()
    modules = (network.stem, *block_modules(architecture, network))
    with torch.no_grad():
        x = torch.rand(1, *architecture.input_shape)
        for module, width, size in zip(
            modules, architecture.widths, architecture.resolutions, strict=True
        ):
            x = module(x)
            assert x.shape == (1, width, *size)


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
    wide = replace(SMALL, stem=(StemConv(width=200, kernel=5),))
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
    # A norm over a few values that are nearly equal makes much of how they round.
    network = build(architecture, seed=0).eval().double()
    images = torch.rand(4, *architecture.input_shape).double()
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


def in_a_row(*blocks, **others):
    return replace(SMALL, blocks=blocks, **others)


RAW = Block(aggregation=Sum(), unit=PreactBasic(), depth=1, width=4)
POST = replace(RAW, unit=Basic())


@pytest.mark.parametrize(
    ("architecture", "closed"),
    [
        (in_a_row(RAW, RAW, RAW), [False, False, True]),
        (in_a_row(RAW, POST, RAW, POST), [True, False, True, False]),
        (in_a_row(RAW, RAW, RAW, aux=(AuxHead(after=1),)), [False, True, True]),
        (
            in_a_row(RAW, RAW, replace(RAW, stride=2), fusion="concat"),
            [False, True, True],
        ),
        (in_a_row(RAW, RAW, fusion="concat"), [False, True]),
    ],
    ids=["row", "mixed", "aux", "fusion", "one stage"],
)
def test_raw_features_are_normalised_for_all_but_preactivated_units(
    architecture, closed
):
    network = build(architecture, seed=0)
    blocks = block_modules(architecture, network)
    ends = [[type(m) for m in block.children()][-1] is NormAct for block in blocks]
    assert ends == closed


def test_the_head_sees_every_stage_with_concat_and_the_last_one_without():
    unit = Block(aggregation=Chain(), unit=Conv(kernel=1), depth=1, width=4)
    architecture = in_a_row(unit, replace(unit, stride=2, width=6), fusion="concat")
    network = build(architecture, seed=0).eval()
    x = torch.rand(2, 3, 8, 8)
    seen = []
    network.head.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    with torch.no_grad():
        network(x)
        first, second = network.blocks
        one = first(network.stem(network.normalize(x)))
        both = [stage.mean(dim=(2, 3)) for stage in (one, second(one))]
    torch.testing.assert_close(seen[0].flatten(1), torch.cat(both, dim=1))


@pytest.mark.parametrize("fusion", ["last", "hierarchical"])
def test_auxiliary_heads_see_the_output_of_their_block(fusion):
    block = Block(aggregation=Concat(growth=2), unit=Basic(), depth=1, width=5)
    aux = (AuxHead(after=1, hidden=3), AuxHead(after=0, pool=2, width=3))
    architecture = in_a_row(block, replace(block, stride=2), fusion=fusion, aux=aux)
    network = build(architecture, seed=0)
    names = list(network.state_dict())
    trained = supervised(architecture, network, seed=0)
    assert list(network.state_dict()) == names
    network.eval()  # the heads stay in training
    x = torch.rand(2, 3, 8, 8)
    with torch.no_grad():
        logits, auxiliary = trained(x)
        assert torch.equal(logits, network(x))
        assert torch.equal(logits, trained.eval()(x))
        trained.heads.train()
        first, second = network.blocks
        one = first(network.stem(network.normalize(x)))
        features = (second(one), one)
        for scores, head, seen in zip(auxiliary, trained.heads, features, strict=True):
            assert torch.equal(scores, head(seen))


def test_auxiliary_heads_are_drawn_from_the_seed_alone():
    architecture = replace(SMALL, aux=(AuxHead(after=0, width=3, hidden=4),))
    network = build(architecture, seed=0)
    one, two, three = (
        supervised(architecture, network, seed).heads.state_dict() for seed in (1, 1, 2)
    )
    assert all(torch.equal(one[name], two[name]) for name in one)
    last = "0.layers.6.weight"
    assert not torch.equal(one[last], three[last])


def test_dropout_is_in_the_head():
    network = build(replace(SMALL, dropout=0.5), seed=0)
    x = torch.rand(2, 3, 8, 8)
    assert not torch.equal(network(x), network(x))
    assert torch.equal(network.eval()(x), network(x))
