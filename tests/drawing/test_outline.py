from dataclasses import replace
from itertools import pairwise

import pytest
from architectures import architectures
from hypothesis import given
from trial_records import complete

from nas.arch import (
    Architecture,
    AuxHead,
    Basic,
    Block,
    Bottleneck,
    Chain,
    Concat,
    Conv,
    CustomAggregation,
    CustomUnit,
    Hierarchical,
    Inception,
    Inverted,
    Norm,
    Plugin,
    Pool,
    PreactBottleneck,
    Separable,
    StemConv,
    Sum,
)
from nas.arch.reference import densenet_bc_100_12, googlenet
from nas.drawing import outline
from nas.nn.cost import cost
from nas.report import front_rows


@given(architectures())
def test_parts_add_up_and_fit_together(architecture):
    whole = outline(architecture)
    costs = cost(architecture)
    total = costs.total
    assert (whole.params, whole.macs) == (total.params, total.macs)
    assert sum(part.params for part in whole.parts) == total.params
    assert sum(part.macs for part in whole.parts) == total.macs
    assert sum(part.share for part in whole.parts) == pytest.approx(1.0)
    for before, after in pairwise(whole.parts):
        assert before.w_out == after.w_in
    features = whole.parts[: len(architecture.blocks) + 1]
    assert tuple(part.resolution for part in features) == architecture.resolutions
    assert tuple(part.w_out for part in features) == architecture.widths
    assert whole.parts[0].w_in == architecture.input_shape[0]
    assert whole.parts[-1].w_out == architecture.num_classes
    fused = architecture.fusion != "last" and len(architecture.stage_ends) > 1
    assert [part.name for part in whole.parts[len(features) :]] == (
        ["fusion", "head"] if fused else ["head"]
    )


@given(architectures())
def test_auxiliary_heads_are_apart_from_the_sums(architecture):
    whole = outline(architecture)
    with_aux = cost(architecture).with_aux
    assert whole.params + sum(part.params for part in whole.aux) == with_aux.params
    assert whole.macs + sum(part.macs for part in whole.aux) == with_aux.macs
    for head, part in zip(architecture.aux, whole.aux, strict=True):
        assert part.description.startswith(
            f"training only, after block {head.after + 1}"
        )
        assert part.w_in == architecture.blocks[head.after].width
        assert (part.w_out, part.share) == (architecture.num_classes, 0)


def network(*blocks, **others):
    values = {
        "input_shape": (3, 32, 32),
        "num_classes": 10,
        "stem": (StemConv(width=16, stride=2),),
    }
    return Architecture(blocks=blocks, **values | others)


def described(architecture):
    whole = outline(architecture)
    return [(part.name, part.description) for part in (*whole.parts, *whole.aux)]


def test_parts_are_named_and_described():
    architecture = network(
        Block(aggregation=Sum(), unit=Basic(), depth=2, width=16),
        Block(
            aggregation=Concat(growth=12),
            unit=Separable(kernel=5),
            depth=4,
            width=24,
            stride=2,
        ),
        Block(
            aggregation=Hierarchical(residual_root=True, carry_input=False),
            unit=Bottleneck(ratio=0.5),
            depth=2,
            width=40,
        ),
        Block(aggregation=Concat(growth=8), unit=Bottleneck(ratio=4), depth=1, width=9),
    )
    assert described(architecture) == [
        ("stem", "conv 3x3, stride 2"),
        ("block 1", "sum of 2 x basic 3x3"),
        (
            "block 2",
            "concat of 4 x separable 5x5, growth 12, grows 16 → 64, "
            "compressed to 24, stride 2",
        ),
        (
            "block 3",
            "tree of 2 x bottleneck 3x3 (20 hidden), residual nodes, input not carried",
        ),
        (
            "block 4",
            "concat of 1 x bottleneck 3x3 (32 hidden), growth 8, grows 40 → 48, "
            "compressed to 9",
        ),
        ("head", "average pool, linear"),
    ]


@pytest.mark.parametrize(
    ("block", "text"),
    [
        (
            Block(aggregation=Chain(), unit=Conv(), depth=2, width=8),
            "chain of 2 x conv 3x3",
        ),
        (
            Block(aggregation=Chain(), unit=Inception(), depth=1, width=16),
            "inception (1x1 4, 3x3 6 → 8, 5x5 1 → 2, pool 2)",
        ),
        (
            Block(
                aggregation=Sum(shortcut="pad", gain=0.1),
                unit=Bottleneck(ratio=1, groups=4),
                depth=1,
                width=16,
                stride=2,
            ),
            "sum of 1 x bottleneck 3x3 (16 hidden, 4 groups), padded shortcut, "
            "gain 0.1, stride 2",
        ),
        (
            Block(aggregation=Sum(shortcut="pad"), unit=Inverted(), depth=3, width=16),
            "sum of 3 x inverted 3x3 (expansion 4)",
        ),
        (
            Block(
                aggregation=Hierarchical(),
                unit=Inverted(kernel=5, expansion=3, squeeze=0.25),
                depth=2,
                width=8,
                pool=Pool(type="avg", kernel=3),
            ),
            "avg pool 3x3, stride 2; tree of 2 x inverted 5x5 "
            "(expansion 3, squeeze 0.25)",
        ),
        (
            Block(
                aggregation=Concat(growth=4, compress=False),
                unit=PreactBottleneck(),
                depth=2,
                width=24,
            ),
            "concat of 2 x preact bottleneck 3x3 (16 hidden), growth 4, grows 16 → 24, "
            "closing norm",
        ),
    ],
)
def test_every_choice_of_a_block_is_told(block, text):
    assert described(network(block))[1] == ("block 1", text)


def test_what_holds_throughout_stands_with_the_stem():
    block = Block(aggregation=Sum(), unit=Basic(), depth=1, width=16)
    plain = network(block)
    silu = replace(plain, activation="silu")
    assert described(silu)[0][1] == "conv 3x3, stride 2; silu throughout"
    both = replace(silu, norm=Norm(kind="layer", eps=0.001), dropout=0.25)
    assert described(both)[0][1].endswith(
        "; silu and layer norm (eps 0.001) throughout"
    )
    assert described(both)[-1] == ("head", "average pool, dropout 0.25, linear")


def test_fusion_is_a_row_of_its_own():
    block = Block(aggregation=Sum(), unit=Basic(), depth=1, width=16)
    stages = (block, replace(block, stride=2, width=24))
    assert described(network(*stages, fusion="concat"))[3] == (
        "fusion",
        "averages of 2 stages concatenated, 16 + 24",
    )
    assert described(network(*stages, fusion="hierarchical"))[3] == (
        "fusion",
        "2 stages merged one by one, 16 → 24",
    )
    joined, head = outline(network(*stages, fusion="concat")).parts[3:]
    assert (joined.w_in, joined.w_out, joined.resolution) == (24, 40, (1, 1))
    assert (head.w_in, head.params) == (40, 40 * 10 + 10)


def test_famous_networks_read_as_in_their_papers():
    rows = described(googlenet((3, 224, 224), 1000))
    assert rows[0][1] == (
        "conv 7x7 to 64, stride 2; max pool 3x3, stride 2; conv 1x1 to 64; "
        "conv 3x3 to 192; max pool 3x3, stride 2; batch norm (eps 0.001) throughout"
    )
    assert rows[3][1] == (
        "max pool 3x3, stride 2; "
        "inception (1x1 192, 3x3 96 → 208, 3x3 16 → 48, pool 64)"
    )
    assert rows[-1] == (
        "aux 2",
        "training only, after block 6: average pool to 4x4, conv 1x1 to 128, "
        "linear to 1024, dropout 0.7, linear, loss weight 0.3",
    )
    rows = described(densenet_bc_100_12((3, 32, 32), 10))
    assert rows[0][1] == "conv 3x3, no norm"
    assert "growth 12, grows 24 → 216, compressed to 108" in rows[1][1]


def test_a_small_auxiliary_head_is_told_briefly():
    block = Block(aggregation=Sum(), unit=Basic(), depth=1, width=16)
    rows = described(network(block, aux=(AuxHead(after=0, weight=1, dropout=0.5),)))
    assert rows[-1] == (
        "aux 1",
        "training only, after block 1: average pool, linear, loss weight 1",
    )


def test_custom_parts_go_by_the_names_of_their_classes(tmp_path):
    path = tmp_path / "my_blocks.py"
    path.write_text(
        "from torch import nn\n"
        "class Gate(nn.Conv2d):\n"
        "    def __init__(self, w_in, w_out, stride=1, kernel=3):\n"
        "        super().__init__(w_in, w_out, kernel, stride, kernel // 2)\n"
        "class Row(nn.Sequential):\n"
        "    def __init__(self, w_in, w_out, depth, unit, stride=1, twice=False):\n"
        "        super().__init__(unit(w_in, w_out, stride))\n"
    )
    plugin = Plugin.of(path)
    unit = CustomUnit(name="Gate", plugin=plugin, options=(("kernel", 5),))
    row = CustomAggregation(name="Row", plugin=plugin, options=(("twice", True),))
    architecture = network(
        Block(aggregation=Sum(), unit=unit, depth=2, width=16),
        Block(aggregation=row, unit=Basic(), depth=2, width=16),
    )
    rows = described(architecture)
    assert rows[1] == ("block 1", "sum of 2 x Gate (kernel 5)")
    assert rows[2] == ("block 2", "Row of 2 x basic 3x3, twice True")
    (front,) = front_rows([complete(0, 1, 0.5, architecture=architecture)])
    assert (front.aggregations, front.units) == ("sum Row", "Gate basic")
