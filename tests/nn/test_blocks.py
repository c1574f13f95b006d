"""What each aggregation computes, against the definition of its paper."""

import pytest
import torch
from torch import nn

from nas.nn.blocks import ChainBlock, ConcatBlock, HierarchicalBlock, SumBlock
from nas.nn.layers import ConvNormAct, NormActConv, PadShortcut
from nas.nn.units import BasicUnit, BottleneckUnit, InvertedUnit, SeparableUnit


class Probe(nn.Module):
    """A unit that gives a constant: one more than the unit made before it.

    It notes what it was called with.
    """

    def __init__(self, log, w_in, w_out, stride):
        super().__init__()
        self.log, self.w_in, self.w_out, self.stride = log, w_in, w_out, stride
        self.number = len(log.made) + 1
        log.made.append(self)

    def forward(self, x, residual=None):
        self.log.calls.append((self.number, x, residual))
        n, _, h, w = x.shape
        size = -(-h // self.stride), -(-w // self.stride)
        return torch.full((n, self.w_out, *size), float(self.number))


class Log:
    def __init__(self):
        self.made, self.calls = [], []

    def unit(self, w_in, w_out, stride):
        return Probe(self, w_in, w_out, stride)


def numbers(features):
    """Which unit each channel of (1, C, H, W) features came from; 0 is the input."""
    return features[0, :, 0, 0].int().tolist()


def test_sum_hands_every_unit_its_own_input_as_residual():
    log = Log()
    block = SumBlock(4, 4, 3, log.unit)
    x = torch.zeros(1, 4, 5, 5)
    assert numbers(block(x)) == [3] * 4
    for number, seen, residual in log.calls:
        assert numbers(seen) == [number - 1] * 4
        assert residual is seen
    assert list(block.shortcut) == []


def test_chain_has_no_residuals():
    log = Log()
    block = ChainBlock(3, 4, 3, log.unit, 2)
    assert block(torch.zeros(1, 3, 5, 5)).shape == (1, 4, 3, 3)
    assert [(number, numbers(x)) for number, x, _ in log.calls] == [
        (1, [0] * 3),
        (2, [1] * 4),
        (3, [2] * 4),
    ]
    assert all(residual is None for *_, residual in log.calls)
    assert [unit.stride for unit in log.made] == [2, 1, 1]


def test_a_padded_shortcut_takes_every_other_position_and_adds_zeros():
    log = Log()
    shortcut = PadShortcut(2, 5, 2)
    block = SumBlock(2, 5, 1, log.unit, 2, shortcut)
    x = torch.arange(2 * 3 * 4.0).view(1, 2, 3, 4)
    block(x)
    ((_, _, residual),) = log.calls
    assert residual[0, :2].tolist() == [[[0, 2], [8, 10]], [[12, 14], [20, 22]]]
    assert residual[0, 2:].tolist() == torch.zeros(3, 2, 2).tolist()
    assert list(block.parameters()) == []


def bottleneck(w_in, w_out, stride):
    return BottleneckUnit(w_in, w_out, stride, hidden=3)


def excited(w_in, w_out, stride):
    return InvertedUnit(w_in, w_out, stride, squeeze=0.5)


@pytest.mark.parametrize("unit", [BasicUnit, bottleneck, SeparableUnit, excited])
def test_units_of_no_gain_start_as_the_identity(unit):
    x = torch.rand(2, 4, 5, 5)  # positive, so that ReLU leaves it alone
    assert torch.equal(SumBlock(4, 4, 2, unit, gain=0)(x), x)
    assert not torch.equal(SumBlock(4, 4, 2, unit)(x), x)


def test_gain_scales_what_the_last_norm_gives():
    block = SumBlock(4, 4, 2, BasicUnit, gain=0.25)
    for unit in block.units:
        assert unit.norm2.weight.tolist() == [0.25] * 4
        assert unit.norm1.weight.tolist() == [1] * 4


def test_shortcuts_of_preactivated_units_have_no_norm():
    def kinds(preact):
        block = SumBlock(3, 4, 1, Log().unit, preact=preact)
        return [type(module) for module in block.shortcut]

    assert kinds(True) == [nn.Conv2d]
    assert kinds(False) == [nn.Conv2d, nn.BatchNorm2d]


@pytest.mark.parametrize(("w_in", "stride"), [(4, 2), (3, 1), (3, 2)])
def test_sum_fits_the_shortcut_where_shapes_differ(w_in, stride):
    log = Log()
    block = SumBlock(w_in, 4, 2, log.unit, stride).eval()
    assert block(torch.rand(1, w_in, 5, 7)).shape == (
        1,
        4,
        -(-5 // stride),
        -(-7 // stride),
    )
    residual = log.calls[0][2]
    assert residual.shape == (1, 4, -(-5 // stride), -(-7 // stride))
    assert [unit.stride for unit in log.made] == [stride, 1]


def test_concat_shows_every_unit_all_before_it():
    log = Log()
    block = ConcatBlock(2, 9, 3, 1, log.unit)
    assert block.eval()(torch.zeros(1, 2, 5, 5)).shape == (1, 9, 5, 5)
    assert [numbers(x) for _, x, _ in log.calls] == [[0, 0], [0, 0, 1], [0, 0, 1, 2]]
    assert all(residual is None for *_, residual in log.calls)
    assert block.compress[0].in_channels == 5


def test_concat_without_compress_gives_all_that_has_grown():
    log = Log()
    block = ConcatBlock(2, 5, 3, 1, log.unit, 2, compress=False)
    assert numbers(block(torch.zeros(1, 2, 5, 5))) == [0, 0, 1, 2, 3]
    assert list(block.parameters()) == []
    assert {unit.stride for unit in log.made} == {1}


def test_concat_strides_by_the_average():
    block = ConcatBlock(1, 2, 1, 1, Log().unit, 2, compress=False)
    x = torch.arange(9.0).view(1, 1, 3, 3)
    assert block(x)[0, 0].tolist() == [[2, 3.5], [6.5, 8]]


def test_concat_compresses_in_the_order_of_its_units():
    def compress(preact):
        return ConcatBlock(2, 5, 3, 1, Log().unit, preact=preact).compress

    assert isinstance(compress(True), NormActConv)
    assert isinstance(compress(False), ConvNormAct)


def roots(block, depth):
    """The channels that each root merges, in the order the roots run."""
    merged = []
    for module in block.modules():
        if type(module).__name__ == "Root":
            module.conv.register_forward_pre_hook(
                lambda _, args: merged.append(numbers(args[0]))
            )
            module.after.register_forward_hook(
                lambda _, args, out: torch.full_like(out, -float(len(merged)))
            )
            module.act = nn.Identity()
    return merged


def test_tree_merges_pairs_then_pairs_of_pairs():
    log = Log()
    block = HierarchicalBlock(1, 1, 3, log.unit).eval()
    merged = roots(block, 8)
    block(torch.zeros(1, 1, 5, 5))
    # Units count up, nodes down: node -1 merges units 2 and 1. Node -2 closes the
    # first half, so it also merges the node before it; the last closes everything
    # and sees the block's input (0), as in figure 3 of the paper.
    assert merged == [[2, 1], [4, 3, -1], [6, 5], [8, 7, 0, -2, -3]]
    seen = {number: numbers(x)[0] for number, x, _ in log.calls}
    assert seen == {1: 0, 2: 1, 3: -1, 4: 3, 5: -2, 6: 5, 7: -3, 8: 7}
    for _, x, residual in log.calls:
        assert torch.equal(x, residual)


def test_tree_without_its_input_and_with_residual_nodes():
    log = Log()
    block = HierarchicalBlock(
        1, 1, 1, log.unit, residual_root=True, carry_input=False
    ).eval()
    merged = roots(block, 2)
    out = block(torch.zeros(1, 1, 4, 4))
    assert merged == [[2, 1]]
    assert numbers(out) == [2 - 1]  # the node's -1 and its last child's 2


def test_nodes_of_preactivated_units_have_their_norm_and_activation_ahead():
    def root(preact):
        block = HierarchicalBlock(2, 3, 1, Log().unit, preact=preact)
        return block.tree.root

    raw, post = root(True), root(False)
    assert [type(m) for m in raw.before] == [nn.BatchNorm2d, nn.ReLU]
    assert raw.before[0].num_features == raw.conv.in_channels == 8
    assert [type(m) for m in (raw.after, raw.act)] == [nn.Identity] * 2
    assert [type(m) for m in (post.before, post.after, post.act)] == [
        nn.Identity,
        nn.BatchNorm2d,
        nn.ReLU,
    ]


def test_the_first_unit_of_a_strided_tree_gets_the_pooled_input_as_residual():
    log = Log()
    block = HierarchicalBlock(2, 2, 1, log.unit, 2)
    x = torch.arange(2 * 9.0).view(1, 2, 3, 3)
    block(x)
    _, seen, residual = log.calls[0]
    assert torch.equal(seen, x)
    assert residual[0].tolist() == [[[4, 5], [7, 8]], [[13, 14], [16, 17]]]


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 2), (8, 8), (5, 3)])
@pytest.mark.parametrize("stride", [1, 2, 3, 5])
def test_every_block_rounds_odd_sizes_up(size, stride):
    expected = tuple(-(-side // stride) for side in size)
    for block in (
        ChainBlock(2, 4, 2, Log().unit, stride),
        SumBlock(2, 4, 2, Log().unit, stride),
        SumBlock(2, 4, 2, Log().unit, stride, PadShortcut(2, 4, stride)),
        ConcatBlock(2, 4, 2, 3, Log().unit, stride),
        HierarchicalBlock(2, 4, 2, Log().unit, stride),
    ):
        assert block.eval()(torch.rand(1, 2, *size)).shape == (1, 4, *expected)
