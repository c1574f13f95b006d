import copy
from dataclasses import FrozenInstanceError

import pytest

from nas.arch import (
    Architecture,
    Basic,
    Block,
    Bottleneck,
    Concat,
    Hierarchical,
    Stem,
    Sum,
    from_json,
)
from nas.errors import SpecError

NAN, INF = float("nan"), float("inf")

GOOD = {
    "schema": 1,
    "input_shape": [3, 8, 8],
    "num_classes": 10,
    "stem": {"width": 8, "kernel": 3, "stride": 1},
    "blocks": [
        {
            "aggregation": {"kind": "concat", "growth": 4},
            "unit": {"kind": "bottleneck", "kernel": 3, "ratio": 0.5},
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
    ],
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


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
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
        (["stem"], None, ["stem must be an object", "got NoneType"]),
        (["stem", "width"], 0, ["stem.width must be", "got 0", "use 1 or more"]),
        (["stem", "width"], MISSING, ["stem.width is missing"]),
        (["stem", "kernel"], 4, ["stem.kernel must be odd", "got 4", "use 3 or 5"]),
        (["stem", "kernal"], 3, ["stem.unknown field 'kernal'", "mean 'kernel'"]),
        (["stem", "stride"], -1, ["stem.stride must be", "got -1"]),
        (["blocks"], {}, ["blocks must be a list", "got dict"]),
        (["blocks"], [], ["blocks must be", "at least one block", "got ()"]),
        (["blocks", 1], 3, ["blocks[1] must be an object", "got int"]),
        (["blocks", 0, "depth"], 0, ["blocks[0].depth", "at least 1", "got 0"]),
        (["blocks", 0, "depth"], 2.0, ["blocks[0].depth", "got 2.0"]),
        (["blocks", 1, "depth"], 3, ["blocks[1].depth", "got 3", "use 2 or 4"]),
        (["blocks", 1, "depth"], 1, ["blocks[1].depth", "power of two", "use 2"]),
        (["blocks", 1, "depth"], 12, ["blocks[1].depth", "got 12", "use 8 or 16"]),
        (["blocks", 1, "width"], "9", ["blocks[1].width", "got '9'"]),
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
            ["blocks[1].unit.kind", "basic or bottleneck or separable"],
        ),
        (["blocks", 1, "unit", "kind"], [], ["blocks[1].unit.kind", "unknown unit"]),
        (["blocks", 1, "unit", "kernel"], 2, ["blocks[1].unit.kernel", "got 2"]),
        (
            ["blocks", 1, "unit", "ratio"],
            2,
            ["blocks[1].unit", "unknown field 'ratio'"],
        ),
        (
            ["blocks", 0, "aggregation", "kind"],
            "tree",
            ["blocks[0].aggregation.kind", "concat or hierarchical or sum"],
        ),
        (
            ["blocks", 0, "aggregation", "growth"],
            MISSING,
            ["blocks[0].aggregation.growth is missing"],
        ),
        (
            ["blocks", 1, "aggregation", "carry_input"],
            1,
            ["blocks[1].aggregation.carry_input must be true or false", "got 1"],
        ),
        (["blocks", 0, "unit", "ratio"], NAN, ["blocks[0].unit.ratio", "got nan"]),
        (["blocks", 0, "unit", "ratio"], INF, ["blocks[0].unit.ratio", "got inf"]),
        (["blocks", 0, "unit", "ratio"], 0, ["blocks[0].unit.ratio", "above 0.0"]),
        (["blocks", 0, "unit", "ratio"], True, ["blocks[0].unit.ratio", "got True"]),
        (["blocks", 0, "unit", "ratio"], "2", ["blocks[0].unit.ratio", "got '2'"]),
        (["genes"], [], ["genes must be an object", "got list"]),
        (["genes", "depth"], [3], ["genes", "depth", "must be", "got [3]"]),
        (["genes", "depth"], None, ["genes", "depth", "must be", "got None"]),
        (["genes", "depth"], NAN, ["genes", "depth", "must be", "got nan"]),
        (["blocks", 0, "unit", "ratio"], 1e308, ["blocks[0].unit.ratio", "1e+308"]),
    ],
)
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
        ["stem", "width"],
        ["stem", "kernel"],
        ["stem", "stride"],
        ["blocks", 0, "depth"],
        ["blocks", 0, "width"],
        ["blocks", 0, "stride"],
        ["blocks", 0, "unit", "kind"],
        ["blocks", 0, "unit", "ratio"],
        ["blocks", 0, "aggregation", "growth"],
        ["schema"],
    ],
    ids=lambda path: str(path[-1]),
)
def test_monstrous_values_are_refused_in_a_short_line(path, value):
    with pytest.raises(SpecError) as caught:
        from_json(spoiled(path, value))
    assert len(str(caught.value)) < 300


def test_stride_without_pixels_left_is_refused():
    data = spoiled(["stem", "stride"], 8)
    with pytest.raises(SpecError) as caught:
        from_json(data)
    for word in ("blocks[0].stride must be 1", "3x8x8 image", "1x1", "got 2"):
        assert word in str(caught.value)


def test_specs_are_frozen_and_hashable():
    architecture = from_json(GOOD)
    with pytest.raises(FrozenInstanceError):
        architecture.num_classes = 3
    with pytest.raises(FrozenInstanceError):
        architecture.blocks[0].unit.kernel = 5
    assert len({architecture, from_json(GOOD)}) == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: Basic(kernel=2),
        lambda: Bottleneck(ratio=-1.0),
        lambda: Concat(growth=0),
        lambda: Hierarchical(residual_root=1),
        lambda: Stem(width=True),
        lambda: Block(aggregation=Sum(), unit=Basic(), depth=1, width=0),
        lambda: Block(aggregation=Hierarchical(), unit=Basic(), depth=3, width=4),
        lambda: Architecture(
            input_shape=[1, 8, 8], num_classes=2, stem=Stem(width=1), blocks=()
        ),
        lambda: Architecture(
            input_shape=(1, 8, 8), num_classes=2, stem=Stem(width=1), blocks=()
        ),
    ],
)
def test_specs_are_valid_from_birth(make):
    with pytest.raises(SpecError, match="must be"):
        make()
