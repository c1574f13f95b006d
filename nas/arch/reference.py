"""The famous networks as points of the grammar: specs, and nothing else.

Each is a function of the image's shape and the number of classes; the ImageNet ones
are for (3, 224, 224) and 1,000, those of the CIFAR literature for (3, 32, 32) and 10.
"""

from collections.abc import Callable
from typing import Final

from nas.arch.aggregations import Chain, Concat, Hierarchical, Sum
from nas.arch.architecture import Architecture, AuxHead, Norm
from nas.arch.block import Block, Pool, StemConv
from nas.arch.units import (
    Basic,
    Bottleneck,
    Inception,
    PreactBasic,
    PreactBottleneck,
    Unit,
)

Shape = tuple[int, int, int]

_IMAGENET_STEM: Final = (
    StemConv(width=64, kernel=7, stride=2),
    Pool(kernel=3, stride=2, padded=True),
)


def resnet18(input_shape: Shape, num_classes: int) -> Architecture:
    """ResNet-18 (He et al. 2016)."""
    return _resnet(input_shape, num_classes, Basic(), (2, 2, 2, 2), 64)


def resnet34(input_shape: Shape, num_classes: int) -> Architecture:
    """ResNet-34 (He et al. 2016)."""
    return _resnet(input_shape, num_classes, Basic(), (3, 4, 6, 3), 64)


def resnet50(input_shape: Shape, num_classes: int) -> Architecture:
    """ResNet-50 (He et al. 2016), its strides in the 3 x 3 convolutions."""
    return _resnet(input_shape, num_classes, Bottleneck(), (3, 4, 6, 3), 256)


def densenet121(input_shape: Shape, num_classes: int) -> Architecture:
    """DenseNet-121 (Huang et al. 2017)."""
    blocks = _dense_blocks((6, 12, 24, 16), growth=32, w_in=64)
    return Architecture(
        input_shape=input_shape,
        num_classes=num_classes,
        stem=_IMAGENET_STEM,
        blocks=blocks,
    )


def dla34(input_shape: Shape, num_classes: int) -> Architecture:
    """DLA-34 (Yu et al. 2018)."""
    return _dla(input_shape, num_classes, Basic(), (1, 2, 2, 1), (64, 128, 256, 512))


def dla60(input_shape: Shape, num_classes: int) -> Architecture:
    """DLA-60 (Yu et al. 2018)."""
    unit = Bottleneck(ratio=0.5)
    return _dla(input_shape, num_classes, unit, (1, 2, 3, 1), (128, 256, 512, 1024))


def googlenet(input_shape: Shape, num_classes: int) -> Architecture:
    """GoogLeNet (Szegedy et al. 2015) with batch normalisation and two auxiliary heads.

    As torchvision has it: its 5 x 5 branches are of 3 x 3 convolutions.
    """
    third = Pool(kernel=3)
    half = Pool(kernel=2)
    modules: tuple[tuple[tuple[int, int, int, int, int, int], Pool | None], ...] = (
        ((64, 96, 128, 16, 32, 32), None),
        ((128, 128, 192, 32, 96, 64), None),
        ((192, 96, 208, 16, 48, 64), third),
        ((160, 112, 224, 24, 64, 64), None),
        ((128, 128, 256, 24, 64, 64), None),
        ((112, 144, 288, 32, 64, 64), None),
        ((256, 160, 320, 32, 128, 128), None),
        ((256, 160, 320, 32, 128, 128), half),
        ((384, 192, 384, 48, 128, 128), None),
    )
    blocks = []
    for (conv1, reduce3, conv3, reducek, convk, pool), entry in modules:
        unit = Inception(
            kernel=3,
            conv1=conv1,
            reduce3=reduce3,
            conv3=conv3,
            reducek=reducek,
            convk=convk,
            pool=pool,
        )
        width = conv1 + conv3 + convk + pool
        blocks.append(
            Block(aggregation=Chain(), unit=unit, depth=1, width=width, pool=entry)
        )
    return Architecture(
        input_shape=input_shape,
        num_classes=num_classes,
        stem=(
            StemConv(width=64, kernel=7, stride=2),
            third,
            StemConv(width=64, kernel=1),
            StemConv(width=192, kernel=3),
            third,
        ),
        blocks=tuple(blocks),
        aux=(
            AuxHead(after=2, pool=4, width=128, hidden=1024, dropout=0.7),
            AuxHead(after=5, pool=4, width=128, hidden=1024, dropout=0.7),
        ),
        norm=Norm(eps=0.001),
        dropout=0.2,
    )


def resnet20(input_shape: Shape, num_classes: int) -> Architecture:
    """ResNet-20 for small images, its shortcuts without parameters (He et al. 2016)."""
    return _small_resnet(input_shape, num_classes, Basic(), depth=3)


def resnet56(input_shape: Shape, num_classes: int) -> Architecture:
    """ResNet-56 for small images, its shortcuts without parameters (He et al. 2016)."""
    return _small_resnet(input_shape, num_classes, Basic(), depth=9)


def preact_resnet20(input_shape: Shape, num_classes: int) -> Architecture:
    """ResNet-20 with preactivated units (He et al. 2016b)."""
    return _small_resnet(input_shape, num_classes, PreactBasic(), depth=3)


def densenet_bc_100_12(input_shape: Shape, num_classes: int) -> Architecture:
    """DenseNet-BC of 100 layers and growth 12 for small images (Huang et al. 2017)."""
    return Architecture(
        input_shape=input_shape,
        num_classes=num_classes,
        stem=(StemConv(width=24, norm=False),),
        blocks=_dense_blocks((16, 16, 16), growth=12, w_in=24),
    )


def dla_small(input_shape: Shape, num_classes: int) -> Architecture:
    """DLA for small images: three trees of basic units at the widths of ResNet-20."""
    blocks = [
        Block(
            aggregation=Hierarchical(carry_input=i > 0),
            unit=Basic(),
            depth=1 << levels,
            width=16 << i,
            stride=2 if i else 1,
        )
        for i, levels in enumerate((1, 2, 2))
    ]
    return Architecture(
        input_shape=input_shape,
        num_classes=num_classes,
        stem=(StemConv(width=16),),
        blocks=tuple(blocks),
    )


REFERENCES: Final[dict[str, Callable[[Shape, int], Architecture]]] = {
    function.__name__: function
    for function in (
        resnet18,
        resnet34,
        resnet50,
        densenet121,
        dla34,
        dla60,
        googlenet,
        resnet20,
        resnet56,
        preact_resnet20,
        densenet_bc_100_12,
        dla_small,
    )
}

_SMALL: Final = frozenset(
    ("resnet20", "resnet56", "preact_resnet20", "densenet_bc_100_12", "dla_small")
)


def reference_defaults(name: str) -> tuple[Shape, int]:
    """Return the image shape and the number of classes that a network is known for."""
    return ((3, 32, 32), 10) if name in _SMALL else ((3, 224, 224), 1000)


def _resnet(
    input_shape: Shape,
    num_classes: int,
    unit: Unit,
    depths: tuple[int, ...],
    width: int,
) -> Architecture:
    return Architecture(
        input_shape=input_shape,
        num_classes=num_classes,
        stem=_IMAGENET_STEM,
        blocks=tuple(
            Block(
                aggregation=Sum(),
                unit=unit,
                depth=depth,
                width=width << i,
                stride=2 if i else 1,
            )
            for i, depth in enumerate(depths)
        ),
    )


def _small_resnet(
    input_shape: Shape, num_classes: int, unit: Unit, depth: int
) -> Architecture:
    return Architecture(
        input_shape=input_shape,
        num_classes=num_classes,
        stem=(StemConv(width=16, norm=not unit.preact),),
        blocks=tuple(
            Block(
                aggregation=Sum(shortcut="pad"),
                unit=unit,
                depth=depth,
                width=16 << i,
                stride=2 if i else 1,
            )
            for i in range(3)
        ),
    )


def _dense_blocks(depths: tuple[int, ...], growth: int, w_in: int) -> tuple[Block, ...]:
    """Return dense blocks, each but the last compressed to half of what it grew to."""
    blocks = []
    for i, depth in enumerate(depths):
        last = i == len(depths) - 1
        grown = w_in + depth * growth
        w_in = grown if last else grown // 2
        blocks.append(
            Block(
                aggregation=Concat(growth=growth, compress=not last),
                unit=PreactBottleneck(),
                depth=depth,
                width=w_in,
                stride=2 if i else 1,
            )
        )
    return tuple(blocks)


def _dla(
    input_shape: Shape,
    num_classes: int,
    unit: Unit,
    levels: tuple[int, ...],
    widths: tuple[int, ...],
) -> Architecture:
    return Architecture(
        input_shape=input_shape,
        num_classes=num_classes,
        stem=(
            StemConv(width=16, kernel=7),
            StemConv(width=16),
            StemConv(width=32, stride=2),
        ),
        blocks=tuple(
            Block(
                aggregation=Hierarchical(carry_input=i > 0),
                unit=unit,
                depth=1 << level,
                width=width,
                stride=2,
            )
            for i, (level, width) in enumerate(zip(levels, widths, strict=True))
        ),
    )
