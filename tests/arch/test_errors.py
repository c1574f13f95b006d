import copy
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace

import pytest

from nas.arch import (
    Architecture,
    AuxHead,
    Basic,
    Block,
    Bottleneck,
    Chain,
    Concat,
    Hierarchical,
    Inception,
    Inverted,
    Norm,
    Pool,
    PreactBasic,
    StemConv,
    Sum,
    from_json,
)
from nas.errors import SpecError

NAN, INF = float("nan"), float("inf")

GOOD = {
    "schema": 1,
    "input_shape": [3, 16, 16],
    "num_classes": 10,
    "stem": [
        {"kind": "conv", "width": 8, "kernel": 3, "stride": 1, "norm": True},
        {"kind": "pool", "type": "max", "kernel": 3, "stride": 2, "padded": True},
    ],
    "blocks": [
        {
            "aggregation": {"kind": "concat", "growth": 4},
            "unit": {"kind": "bottleneck", "kernel": 3, "ratio": 0.5, "groups": 2},
            "depth": 3,
            "width": 8,
            "stride": 2,
        },
        {
            "aggregation": {
                "kind": "hierarchical",
                "residual_root": False,
                "carry_input": True,
            },
            "unit": {"kind": "basic", "kernel": 3},
            "depth": 4,
            "width": 16,
            "stride": 1,
        },
        {
            "aggregation": {"kind": "sum", "shortcut": "pad", "gain": 0.5},
            "unit": {"kind": "inverted", "expansion": 3, "squeeze": 0.25},
            "depth": 1,
            "width": 16,
            "pool": {"kernel": 2},
        },
        {
            "aggregation": {"kind": "chain"},
            "unit": {"kind": "inception"},
            "depth": 1,
            "width": 12,
        },
    ],
    "fusion": "concat",
    "aux": [{"after": 0, "weight": 0.3, "pool": 1, "width": 4, "hidden": 8}],
    "activation": "silu",
    "norm": {"kind": "layer", "eps": 1e-3},
    "dropout": 0.2,
    "genes": {"depth": 3},
}
MISSING = object()


def spoiled(path, value):
    data = copy.deepcopy(GOOD)
    *parents, last = path
    inner = data
    for key in parents:
        inner = inner[key]
    if value is MISSING:
        del inner[last]
    else:
        inner[last] = value
    return data


def test_the_example_is_good():
    assert from_json(GOOD).blocks[1].depth == 4


AGGREGATION = "aggregation"
ROWS = [
    (["schema"], 2, ["schema must be 1", "got 2"]),
    (["schema"], True, ["schema must be 1", "got True"]),
    (["schema"], MISSING, ["schema must be 1", "got None"]),
    (["num_classes"], 1, ["num_classes must be", "at least 2", "got 1"]),
    (["num_classes"], True, ["num_classes must be an integer", "got True"]),
    (["num_classes"], 10.0, ["num_classes must be an integer", "got 10.0"]),
    (["num_classes"], "10", ["num_classes must be an integer", "got '10'"]),
    (["num_classes"], None, ["num_classes must be an integer", "got None"]),
    (["num_classes"], MISSING, ["num_classes is missing"]),
    (["input_shape"], [3, 8], ["(channels, height, width)", "got (3, 8)"]),
    (["input_shape"], "388", ["input_shape must be a list", "got str"]),
    (["input_shape", 0], 0, ["input_shape (channels)", "at least 1", "got 0"]),
    (["input_shape", 1], True, ["input_shape (height)", "got True"]),
    (["input_shape", 2], NAN, ["input_shape (width)", "got nan"]),
    (["stem"], None, ["stem must be a list", "got NoneType"]),
    (["stem"], {"width": 8}, ["stem must be a list", "got dict"]),
    (["stem"], [], ["stem must be", "at least one", "got ()"]),
    (["stem"], GOOD["stem"][1:], ["stem[0] must be a convolution", "pooling"]),
    (["stem", 0], 8, ["stem[0] must be an object", "got int"]),
    (["stem", 0, "kind"], "konv", ["stem[0].kind", "stem layer 'konv'", "'conv'"]),
    (["stem", 0, "width"], 0, ["stem[0].width must be", "got 0", "use 1 or more"]),
    (["stem", 0, "width"], MISSING, ["stem[0].width is missing"]),
    (["stem", 0, "kernel"], 4, ["stem[0].kernel must be odd", "got 4", "use 3 or 5"]),
    (["stem", 0, "kernal"], 3, ["stem[0].unknown field 'kernal'", "mean 'kernel'"]),
    (["stem", 0, "stride"], -1, ["stem[0].stride must be", "got -1"]),
    (["stem", 0, "norm"], 1, ["stem[0].norm must be true or false", "got 1"]),
    (["stem", 1, "kernel"], 2, ["stem[1].kernel must be odd", "got 2", "1 or 3"]),
    (["stem", 1, "type"], "mix", ["stem[1].type", "pooling 'mix'", "'max'"]),
    (["stem", 1, "padded"], None, ["stem[1].padded must be true or false"]),
    (
        ["stem", 1],
        {"kind": "pool", "kernel": 18},
        ["stem[1].kernel", "larger than the 16 positions", "got 18", "use 16 or less"],
    ),
    (["blocks"], {}, ["blocks must be a list", "got dict"]),
    (["blocks"], [], ["blocks must be", "at least one", "got ()"]),
    (["blocks", 1], 3, ["blocks[1] must be an object", "got int"]),
    (["blocks", 0, "depth"], 0, ["blocks[0].depth", "at least 1", "got 0"]),
    (["blocks", 0, "depth"], 2.0, ["blocks[0].depth", "got 2.0"]),
    (["blocks", 1, "depth"], 3, ["blocks[1].depth", "got 3", "use 2 or 4"]),
    (["blocks", 1, "depth"], 1, ["blocks[1].depth", "power of two", "use 2"]),
    (["blocks", 1, "depth"], 12, ["blocks[1].depth", "got 12", "use 8 or 16"]),
    (["blocks", 1, "width"], "9", ["blocks[1].width", "got '9'"]),
    (["blocks", 2, "stride"], 2, ["blocks[2].stride must be 1", "pool", "got 2"]),
    (
        ["blocks", 2, "pool", "kernel"],
        6,
        ["blocks[2].pool.kernel", "the 4 positions there", "got 6", "use 4 or less"],
    ),
    (["blocks", 2, "pool"], 2, ["blocks[2].pool must be an object", "got int"]),
    (["blocks", 2, "pool", "stride"], 0, ["blocks[2].pool.stride must be"]),
    (
        ["blocks", 2, "width"],
        12,
        ["blocks[2].width", "at least 16, the block's input", "got 12", "'conv'"],
    ),
    (["blocks", 3, "width"], 3, ["blocks[3].width", "at least 4", "got 3"]),
    (["blocks", 1, "unit"], MISSING, ["blocks[1].unit is missing"]),
    (["blocks", 1, "unit"], "basic", ["blocks[1].unit must be an object"]),
    (
        ["blocks", 1, "unit", "kind"],
        "bassic",
        ["blocks[1].unit.kind", "unknown unit 'bassic'", "mean 'basic'"],
    ),
    (
        ["blocks", 1, "unit", "kind"],
        MISSING,
        ["blocks[1].unit.kind", "basic or bottleneck or ", "or separable"],
    ),
    (["blocks", 1, "unit", "kind"], [], ["blocks[1].unit.kind", "unknown unit"]),
    (["blocks", 1, "unit", "kernel"], 2, ["blocks[1].unit.kernel", "got 2"]),
    (["blocks", 1, "unit", "ratio"], 2, ["blocks[1].unit", "unknown field 'ratio'"]),
    (
        ["blocks", 0, "unit", "groups"],
        3,
        [
            "blocks[0].unit.groups",
            "0.5 x 4 = 2",
            "got 3",
            "ratio of 0.75",
            "makes it 3",
        ],
    ),
    (["blocks", 0, "unit", "groups"], 0, ["blocks[0].unit.groups", "got 0"]),
    (["blocks", 2, "unit", "expansion"], 0, ["blocks[2].unit.expansion", "above 0"]),
    (["blocks", 2, "unit", "squeeze"], -1, ["blocks[2].unit.squeeze", "got -1"]),
    (["blocks", 2, "unit", "squeeze"], False, ["blocks[2].unit.squeeze", "number"]),
    (["blocks", 3, "unit", "conv3"], 0, ["blocks[3].unit.conv3", "got 0"]),
    (
        ["blocks", 0, AGGREGATION, "kind"],
        "tree",
        ["blocks[0].aggregation.kind", "chain or concat or hierarchical or sum"],
    ),
    (
        ["blocks", 0, AGGREGATION, "growth"],
        MISSING,
        ["blocks[0].aggregation.growth is missing"],
    ),
    (
        ["blocks", 0, AGGREGATION, "compress"],
        False,
        ["blocks[0].width must be 20 = 8 + 3 x 4", "got 8", "use 20"],
    ),
    (
        ["blocks", 1, AGGREGATION, "carry_input"],
        1,
        ["blocks[1].aggregation.carry_input must be true or false", "got 1"],
    ),
    (
        ["blocks", 2, AGGREGATION, "shortcut"],
        "padd",
        ["blocks[2].aggregation.shortcut", "unknown shortcut 'padd'", "'pad'"],
    ),
    (
        ["blocks", 2, AGGREGATION, "gain"],
        2,
        ["blocks[2].aggregation.gain", "at most 1"],
    ),
    (["blocks", 2, AGGREGATION, "gain"], -1, ["blocks[2].aggregation.gain", "got -1"]),
    (
        ["blocks", 2, AGGREGATION, "gain"],
        False,
        ["blocks[2].aggregation.gain", "number"],
    ),
    *(
        (
            ["blocks", 2, "unit"],
            {"kind": kind},
            ["blocks[2].aggregation.gain must be 1", f"'{kind}'", "got 0.5", "use 1"],
        )
        for kind in ("preact_basic", "preact_bottleneck", "inception")
    ),
    (["blocks", 0, "unit", "ratio"], NAN, ["blocks[0].unit.ratio", "got nan"]),
    (["blocks", 0, "unit", "ratio"], INF, ["blocks[0].unit.ratio", "got inf"]),
    (["blocks", 0, "unit", "ratio"], 0, ["blocks[0].unit.ratio", "above 0.0"]),
    (["blocks", 0, "unit", "ratio"], True, ["blocks[0].unit.ratio", "got True"]),
    (["blocks", 0, "unit", "ratio"], "2", ["blocks[0].unit.ratio", "got '2'"]),
    (["blocks", 0, "unit", "ratio"], 1e308, ["blocks[0].unit.ratio", "1e+308"]),
    (["fusion"], "sum", ["fusion: unknown fusion 'sum'", "concat or hierarchical"]),
    (["fusion"], ["last"], ["fusion: unknown fusion"]),
    (["activation"], "ReLu6", ["activation: unknown activation", "mean 'relu'"]),
    (["norm"], None, ["norm must be an object", "got NoneType"]),
    (["norm", "kind"], "group", ["norm.kind", "'group'", "batch or layer"]),
    (["norm", "eps"], 0, ["norm.eps must be above 0.0", "got 0"]),
    (["dropout"], 1, ["dropout must be at least 0 and below 1", "got 1"]),
    (["dropout"], NAN, ["dropout must be", "got nan"]),
    (["aux"], {}, ["aux must be a list", "got dict"]),
    (["aux", 0], 1, ["aux[0] must be an object", "got int"]),
    (["aux", 0, "after"], 4, ["aux[0].after", "index of a block, 0 to 3", "got 4"]),
    (["aux", 0, "after"], -1, ["aux[0].after", "at least 0", "got -1"]),
    (["aux", 0, "after"], MISSING, ["aux[0].after is missing"]),
    (["aux", 0, "weight"], 0, ["aux[0].weight must be above 0.0", "got 0"]),
    (["aux", 0, "pool"], 0, ["aux[0].pool must be", "got 0"]),
    (["aux", 0, "width"], -1, ["aux[0].width must be", "got -1"]),
    (["aux", 0, "dropout"], 1.0, ["aux[0].dropout must be", "got 1.0"]),
    (["genes"], [], ["genes must be an object", "got list"]),
    (["genes", "depth"], [3], ["genes", "depth", "must be", "got [3]"]),
    (["genes", "depth"], None, ["genes", "depth", "must be", "got None"]),
    (["genes", "depth"], NAN, ["genes", "depth", "must be", "got nan"]),
]


@pytest.mark.parametrize(("path", "value", "words"), ROWS)
def test_message_names_place_rule_and_value(path, value, words):
    with pytest.raises(SpecError) as caught:
        from_json(spoiled(path, value))
    message = str(caught.value)
    for word in words:
        assert word in message
    assert "\n" not in message


def nested(depth):
    data = []
    for _ in range(depth):
        data = [data]
    return data


@pytest.mark.parametrize(
    "value",
    [10**5000, -(10**5000), 10**400, 10**12, "x" * 10_000, nested(5000)],
    ids=["digits", "minus", "googol", "trillion", "text", "nested"],
)
@pytest.mark.parametrize(
    "path",
    [
        ["num_classes"],
        ["input_shape", 1],
        ["stem", 0, "width"],
        ["stem", 0, "kernel"],
        ["stem", 1, "stride"],
        ["blocks", 0, "depth"],
        ["blocks", 0, "width"],
        ["blocks", 0, "stride"],
        ["blocks", 0, "unit", "kind"],
        ["blocks", 0, "unit", "ratio"],
        ["blocks", 0, "unit", "groups"],
        ["blocks", 0, "aggregation", "growth"],
        ["blocks", 2, "aggregation", "gain"],
        ["blocks", 2, "aggregation", "shortcut"],
        ["blocks", 2, "pool", "kernel"],
        ["aux", 0, "after"],
        ["aux", 0, "hidden"],
        ["fusion"],
        ["activation"],
        ["norm", "eps"],
        ["norm", "kind"],
        ["dropout"],
        ["schema"],
    ],
    ids=lambda path: f"{path[0]}-{path[-1]}",
)
def test_monstrous_values_are_refused_in_a_short_line(path, value):
    with pytest.raises(SpecError) as caught:
        from_json(spoiled(path, value))
    assert len(str(caught.value)) < 300


def test_strides_without_pixels_left_are_refused():
    data = spoiled(["stem", 0, "stride"], 8)
    with pytest.raises(SpecError) as caught:
        from_json(data)
    for word in ("blocks[0].stride must be 1", "3x16x16 image", "1x1", "got 2"):
        assert word in str(caught.value)
    data["blocks"][0]["stride"] = 1
    with pytest.raises(SpecError) as caught:
        from_json(data)
    assert "blocks[2].pool.stride must be 1" in str(caught.value)
    data = spoiled(["stem", 0, "stride"], 16)
    with pytest.raises(SpecError, match=r"stem\[1\]\.stride must be 1"):
        from_json(data)


def test_a_group_count_that_is_told_works():
    message = "use a ratio of 0.75"
    with pytest.raises(SpecError, match=message):
        from_json(spoiled(["blocks", 0, "unit", "groups"], 3))
    data = spoiled(["blocks", 0, "unit", "groups"], 3)
    data["blocks"][0]["unit"]["ratio"] = 0.75
    assert from_json(data).blocks[0].unit.groups == 3


def test_specs_are_frozen_and_hashable():
    architecture = from_json(GOOD)
    with pytest.raises(FrozenInstanceError):
        architecture.num_classes = 3
    with pytest.raises(FrozenInstanceError):
        architecture.blocks[0].unit.kernel = 5
    assert len({architecture, from_json(GOOD)}) == 1


PLAIN = Architecture(
    input_shape=(1, 8, 8),
    num_classes=2,
    stem=(StemConv(width=1),),
    blocks=(Block(aggregation=Sum(), unit=Basic(), depth=1, width=1),),
)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Basic(kernel=2),
        lambda: Bottleneck(ratio=-1.0),
        lambda: Inverted(squeeze=65),
        lambda: Inception(pool=0),
        lambda: Concat(growth=0),
        lambda: Sum(gain=1.5),
        lambda: Hierarchical(residual_root=1),
        lambda: StemConv(width=True),
        lambda: Pool(kernel=2, padded=True),
        lambda: Norm(eps=0),
        lambda: AuxHead(after=0, dropout=1),
        lambda: Block(aggregation=Sum(), unit=Basic(), depth=1, width=0),
        lambda: Block(aggregation=Hierarchical(), unit=Basic(), depth=3, width=4),
        lambda: Block(aggregation=Sum(gain=0), unit=PreactBasic(), depth=1, width=4),
        lambda: Block(
            aggregation=Chain(), unit=Basic(), depth=1, width=4, stride=2, pool=Pool()
        ),
        lambda: replace(PLAIN, input_shape=[1, 8, 8]),
        lambda: replace(PLAIN, stem=StemConv(width=1)),
        lambda: replace(PLAIN, blocks=()),
        lambda: replace(PLAIN, dropout=-0.1),
        lambda: replace(PLAIN, aux=(AuxHead(after=1),)),
    ],
)
def test_specs_are_valid_from_birth(make):
    with pytest.raises(SpecError, match="must be"):
        make()


def test_a_spec_is_checked_before_torch_is_there():
    code = (
        "import sys, nas.arch, nas.arch.reference as r\n"
        "try: r.dla34((3, 8, 8), 10)\n"
        "except nas.arch.architecture.SpecError as error: print(error)\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "blocks[2].stride must be 1, because a 3x8x8 image is down to 1x1 there; "
        "got 2; use fewer strides or larger images",
        "False",
    ]
