"""Networks with other aggregations: one block's at a time, and those of all blocks."""

import random
import shutil
from pathlib import Path

import pytest

from nas.arch import (
    Architecture,
    Basic,
    Block,
    Chain,
    Concat,
    Conv,
    CustomAggregation,
    Hierarchical,
    Inception,
    PreactBasic,
    StemConv,
    Sum,
)
from nas.arch.custom import Plugin
from nas.arch.reference import REFERENCES, reference_defaults
from nas.nn.build import build
from nas.space import BoundSpace
from nas.space.switched import KINDS, switches

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugin"


def network(*blocks, width=16):
    """Blocks given as an aggregation and a depth, all of one width."""
    return Architecture(
        input_shape=(1, 8, 8),
        num_classes=10,
        stem=(StemConv(width=width),),
        blocks=tuple(
            Block(aggregation=aggregation, unit=Basic(), depth=depth, width=width)
            for aggregation, depth in blocks
        ),
    )


def named(found):
    return {switch.name: switch.architecture for switch in found.variants}


def kinds(architecture):
    return [block.aggregation.kind for block in architecture.blocks]


def test_one_block_at_a_time_and_all_at_once():
    base = network((Sum(), 2), (Concat(growth=4), 2), (Hierarchical(), 2))
    found = named(switches(base))
    assert {name: kinds(net) for name, net in found.items()} == {
        "block-1-concat": ["concat", "concat", "hierarchical"],
        "block-1-hierarchical": ["hierarchical", "concat", "hierarchical"],
        "block-2-sum": ["sum", "sum", "hierarchical"],
        "block-2-hierarchical": ["sum", "hierarchical", "hierarchical"],
        "block-3-sum": ["sum", "concat", "sum"],
        "block-3-concat": ["sum", "concat", "concat"],
        "all-sum": ["sum"] * 3,
        "all-concat": ["concat"] * 3,
        "all-hierarchical": ["hierarchical"] * 3,
    }
    for net in found.values():
        changed = [
            (one, other)
            for one, other in zip(base.blocks, net.blocks, strict=True)
            if one != other
        ]
        for one, other in changed:
            assert (one.unit, one.width, one.depth) == (
                *(other.unit, other.width),
                other.depth,
            )


def test_what_is_the_same_network_twice_is_left_out_once():
    found = switches(network((Sum(), 2), (Sum(), 2), (Concat(growth=4), 2)))
    assert "all-sum" not in named(found)
    assert found.left_out == (
        "all blocks with sum: that is block 3 with sum, for the others have it already",
    )


def test_a_network_of_one_block_has_two_variants():
    found = switches(network((Sum(), 2)))
    assert list(named(found)) == ["block-1-concat", "block-1-hierarchical"]
    assert found.left_out == ()


@pytest.mark.parametrize(("depth", "leaves"), [(1, 2), (2, 2), (3, 4), (5, 4), (6, 8)])
def test_a_tree_gets_the_nearest_power_of_two_of_units(depth, leaves):
    (block,) = named(switches(network((Sum(), depth))))["block-1-hierarchical"].blocks
    assert block.depth == leaves


class TestOptions:
    """Where the options of an aggregation come from that is new to a block."""

    def test_those_of_the_nearest_block_that_has_it(self):
        base = network(
            (Hierarchical(residual_root=True), 2),
            (Sum(), 2),
            (Concat(growth=2), 2),
            (Sum(), 2),
            (Concat(growth=6), 2),
            (Concat(growth=8), 2),
        )
        found = named(switches(base))
        assert found["block-2-concat"].blocks[1].aggregation == Concat(growth=2)
        # Of two that are as near it is the first.
        assert found["block-4-concat"].blocks[3].aggregation == Concat(growth=2)
        tree = found["block-6-hierarchical"].blocks[5].aggregation
        assert tree == Hierarchical(residual_root=True)

    def test_a_growth_is_relative_to_the_width(self):
        blocks = (
            Block(aggregation=Concat(growth=4), unit=Basic(), depth=2, width=16),
            Block(aggregation=Sum(), unit=Basic(), depth=2, width=40),
        )
        base = Architecture(
            input_shape=(1, 8, 8),
            num_classes=10,
            stem=(StemConv(width=8),),
            blocks=blocks,
        )
        found = named(switches(base))["block-2-concat"]
        assert found.blocks[1].aggregation == Concat(growth=10)

    def test_the_middle_of_the_space(self, spaces):
        base = network(*[(Sum(), 2)] * 4)
        found = named(switches(base, spaces["default"]))
        # growth: [0.25, 0.5]
        assert found["block-2-concat"].blocks[1].aggregation == Concat(growth=4)
        # A space of other networks says nothing.
        found = named(switches(base, spaces["minimal"]))
        assert found["block-2-concat"].blocks[1].aggregation == Concat(growth=8)

    def test_channels_of_a_space_of_absolute_widths(self, spaces):
        base = network(*[(Sum(), 3)] * 3, width=48)
        found = named(switches(base, spaces["reference"]))
        # growth: [12, 24], compress: [true, false]
        assert found["block-1-concat"].blocks[0].aggregation == Concat(growth=12)

    def test_what_does_not_fit_gives_way_to_the_defaults(self):
        blocks = (
            Block(aggregation=Sum(gain=0.5), unit=Basic(), depth=2, width=16),
            Block(aggregation=Sum(shortcut="pad"), unit=Basic(), depth=2, width=16),
            Block(aggregation=Concat(growth=4), unit=PreactBasic(), depth=2, width=8),
        )
        base = Architecture(
            input_shape=(1, 8, 8),
            num_classes=10,
            stem=(StemConv(width=8),),
            blocks=blocks,
        )
        found = named(switches(base))["block-3-sum"]
        # Nothing to fill up to 8 of 16 channels; no norm to give a gain to.
        assert found.blocks[2].aggregation == Sum()


def test_chains_and_plugins_are_switched_too(tmp_path):
    path = tmp_path / "own.py"
    path.write_text("")
    own = CustomAggregation(name="Own", plugin=Plugin.of(path))
    found = switches(network((Chain(), 2), (own, 2)))
    assert set(named(found)) == {
        *(f"block-{n}-{kind}" for n in (1, 2) for kind in KINDS),
        *(f"all-{kind}" for kind in KINDS),
    }
    assert found.left_out == ()


def test_what_the_space_offers_beside_the_three_is_switched_to(read, tmp_path):
    shutil.copy(EXAMPLE / "ghost.py", tmp_path / "ghost.py")
    space = read("""
schema: 1
plugins: [ghost.py]
widths: solved
stem: {kernel: 3}
block:
  aggregation: {sum: , Mean: {depth: [2, 3]}, chain: }
  unit: basic
  depth: [1, 2]
blocks:
  - {width: 1}
  - {width: 1, aggregation: [sum, chain]}
""")
    found = named(switches(network((Sum(), 1), (Sum(), 2)), space))
    assert {name for name in found if name.startswith("block")} == {
        *("block-1-concat", "block-1-hierarchical", "block-1-Mean", "block-1-chain"),
        *("block-2-concat", "block-2-hierarchical", "block-2-chain"),
    }
    first, _ = found["block-1-Mean"].blocks
    assert isinstance(first.aggregation, CustomAggregation)
    assert first.aggregation.name == "Mean"
    # The space offers it no single unit.
    assert first.depth == 2
    # Only one block may have a Mean.
    assert {name for name in found if name.startswith("all")} == {
        *("all-concat", "all-hierarchical", "all-chain")
    }
    # One that has it already is not switched to it.
    again = named(switches(found["block-1-Mean"], space))
    assert "block-1-Mean" not in again
    assert "block-1-sum" in again


def test_what_cannot_be_is_left_out_with_its_reason():
    base = Architecture(
        input_shape=(1, 8, 8),
        num_classes=10,
        stem=(StemConv(width=8),),
        blocks=(
            Block(aggregation=Chain(), unit=Inception(), depth=1, width=6),
            Block(aggregation=Sum(), unit=Conv(), depth=1, width=6),
        ),
    )
    found = switches(base)
    assert "block-1-concat" not in named(found)
    assert "all-concat" not in named(found)
    assert [line.partition(" must")[0] for line in found.left_out] == [
        "block 1 with concat: blocks[0].width",
        "all blocks with sum: that is block 1 with sum, for the others have it already",
        "all blocks with concat: blocks[0].width",
    ]


@pytest.mark.parametrize("name", ["resnet20", "densenet_bc_100_12", "googlenet"])
def test_known_networks_can_be_switched(name):
    found = switches(REFERENCES[name](*reference_defaults(name)))
    assert found.left_out == ()
    assert "all-hierarchical" in named(found)


def test_every_variant_of_a_draw_can_be_built(spaces):
    bound = BoundSpace(
        space=spaces["default"],
        input_shape=(1, 8, 8),
        num_classes=10,
        max_params=20_000,
    )
    base = bound.sample(random.Random(3))
    for net in named(switches(base, bound.space)).values():
        build(net, seed=0)
