import pytest
from architectures import architectures
from hypothesis import given

from nas.arch import (
    Architecture,
    Basic,
    Block,
    Bottleneck,
    Concat,
    Hierarchical,
    Separable,
    Stem,
    Sum,
)
from nas.nn.cost import cost
from nas.report import outline


@given(architectures())
def test_parts_add_up_and_fit_together(architecture):
    whole = outline(architecture)
    total = cost(architecture).total
    assert (whole.params, whole.macs) == (total.params, total.macs)
    assert sum(part.params for part in whole.parts) == total.params
    assert sum(part.macs for part in whole.parts) == total.macs
    assert sum(part.share for part in whole.parts) == pytest.approx(1.0)
    for before, after in zip(whole.parts, whole.parts[1:], strict=False):
        assert before.w_out == after.w_in
    *features, head = whole.parts
    assert tuple(part.resolution for part in features) == architecture.resolutions
    assert whole.parts[0].w_in == architecture.input_shape[0]
    assert head.w_out == architecture.num_classes


def test_parts_are_named_and_described():
    architecture = Architecture(
        input_shape=(3, 32, 32),
        num_classes=10,
        stem=Stem(width=16, stride=2),
        blocks=(
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
            Block(
                aggregation=Concat(growth=8), unit=Bottleneck(ratio=4), depth=1, width=9
            ),
        ),
    )
    assert [(part.name, part.description) for part in outline(architecture).parts] == [
        ("stem", "conv 3x3, stride 2"),
        ("block 1", "sum of 2 x basic 3x3"),
        ("block 2", "concat of 4 x separable 5x5, growth 12, stride 2"),
        (
            "block 3",
            "tree of 2 x bottleneck 3x3 (20 hidden), residual nodes, input not carried",
        ),
        ("block 4", "concat of 1 x bottleneck 3x3 (32 hidden), growth 8"),
        ("head", "average pool, linear"),
    ]
