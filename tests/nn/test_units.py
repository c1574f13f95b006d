"""What a unit computes, against the definition of its paper."""

from functools import partial

import pytest
import torch
from torch import nn

from nas.arch import UNITS
from nas.nn import units
from nas.nn.layers import LayerNorm2d
from nas.nn.units import BottleneckUnit, InceptionUnit, InvertedUnit, SqueezeExcite


def made(kind, w_in, w_out, stride=1, **options):
    """A unit with its proportions at the spec's defaults."""
    spec = UNITS[kind]()
    derived = {} if kind == "inverted" else spec.derived(w_in, w_out)
    if kind == "inception":
        derived = {"branches": tuple(derived[name] for name in spec.relative)}
    module = getattr(units, f"{type(spec).__name__}Unit")
    return module(w_in, w_out, stride, **derived, **options)


@pytest.mark.parametrize("size", [(1, 9), (5, 4), (8, 8)])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("kind", UNITS)
def test_every_unit_rounds_odd_sizes_up(kind, kernel, stride, size):
    unit = made(kind, 5, 8, stride, kernel=kernel)
    expected = tuple(-(-side // stride) for side in size)
    assert unit(torch.rand(2, 5, *size)).shape == (2, 8, *expected)


@pytest.mark.parametrize("kind", UNITS)
def test_every_unit_adds_the_residual_ahead_of_its_last_activation(kind):
    x, residual = torch.rand(2, 8, 4, 4), torch.rand(2, 8, 4, 4)
    unit = made(kind, 8, 8, act=nn.Identity).eval()
    torch.testing.assert_close(unit(x, residual), unit(x) + residual)
    # With an activation, what comes out is activated, unless the unit's end is raw.
    ends_raw = UNITS[kind].preact or kind in ("inverted", "inception")
    unit = made(kind, 8, 8).eval()
    assert (unit(x, residual - 9).min() < 0) == ends_raw


@pytest.mark.parametrize("kind", UNITS)
def test_norm_and_activation_are_used_throughout(kind):
    unit = made(kind, 8, 8, norm=partial(LayerNorm2d, eps=0.5), act=nn.SiLU)
    modules = list(unit.modules())
    assert not [m for m in modules if isinstance(m, nn.BatchNorm2d | nn.ReLU)]
    assert {m.eps for m in modules if isinstance(m, LayerNorm2d)} == {0.5}
    assert [m for m in modules if isinstance(m, nn.SiLU)]


@pytest.mark.parametrize("kind", [kind for kind, cls in UNITS.items() if cls.preact])
def test_preactivated_units_normalise_what_they_get(kind):
    unit = made(kind, 8, 8)
    x = torch.rand(2, 8, 4, 4)
    assert unit.norm1.num_features == 8
    torch.testing.assert_close(unit(3 * x + 1), unit(x), rtol=1e-3, atol=1e-3)


def test_groups_share_no_channels():
    unit = BottleneckUnit(4, 8, hidden=4, groups=2)
    assert unit.conv2.groups == 2
    assert unit.conv2.weight.shape == (4, 2, 3, 3)


def test_layer_norm_is_over_each_image_alone():
    norm = LayerNorm2d(3)
    x = 5 * torch.rand(4, 3, 6, 6) + 2
    y = norm(x)
    torch.testing.assert_close(y.mean(dim=(1, 2, 3)), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(norm(x[:1]), y[:1])


def test_squeeze_and_excitation_weighs_whole_channels():
    excite = SqueezeExcite(3, 2)
    x = torch.rand(2, 3, 4, 5)
    weights = excite(x) / x
    assert ((weights > 0) & (weights < 1)).all()
    torch.testing.assert_close(
        weights, weights[:, :, :1, :1].expand_as(weights), rtol=1e-4, atol=1e-5
    )
    assert not torch.allclose(weights[0, 0, 0, 0], weights[0, 1, 0, 0])


def test_an_inverted_unit_expands_and_squeezes_by_its_input():
    unit = InvertedUnit(6, 9, expansion=2.0, squeeze=0.5)
    assert unit.depthwise.groups == unit.depthwise.out_channels == 12
    assert unit.excite[0].reduce.out_channels == 3
    assert list(InvertedUnit(6, 9, expansion=1.0).expand) == []


def test_branches_stand_in_their_order():
    unit = InceptionUnit(5, 10, kernel=7, branches=(1, 2, 3, 1, 2, 4)).eval()
    x = torch.rand(2, 5, 6, 6)
    y = unit(x)
    branches = (unit.branch1, unit.branch2, unit.branch3, unit.branch4)
    for branch, part in zip(branches, y.split([1, 3, 2, 4], dim=1), strict=True):
        assert torch.equal(branch(x), part)
    assert unit.branch3[1][0].kernel_size == (7, 7)
