"""Architectures worth drawing."""

from pathlib import Path

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
    Plugin,
    Pool,
    Separable,
    StemConv,
    Sum,
)
from nas.arch.reference import REFERENCES, reference_defaults


def reference(name: str) -> Architecture:
    return REFERENCES[name](*reference_defaults(name))


def network(*blocks: Block, **options) -> Architecture:
    return Architecture(
        input_shape=(3, 64, 64),
        num_classes=10,
        stem=(StemConv(width=16),),
        blocks=blocks,
        **options,
    )


def mixed(**options) -> Architecture:
    return network(
        Block(aggregation=Sum(), unit=Basic(), depth=2, width=24),
        Block(
            aggregation=Concat(growth=12),
            unit=Separable(kernel=5),
            depth=4,
            width=48,
            stride=2,
        ),
        Block(
            aggregation=Hierarchical(residual_root=True),
            unit=Inverted(kernel=5, squeeze=0.25),
            depth=4,
            width=64,
            stride=2,
        ),
        Block(aggregation=Sum(), unit=Bottleneck(), depth=3, width=96),
        Block(
            aggregation=Chain(),
            unit=Conv(),
            depth=2,
            width=96,
            pool=Pool(kernel=3, padded=True),
        ),
        **options,
    )


def supervised(**options) -> Architecture:
    heads = AuxHead(after=1), AuxHead(after=3, pool=2, width=32, hidden=64, dropout=0.3)
    return mixed(aux=heads, **options)


def deep(depth: int = 16, blocks: int = 12) -> Architecture:
    kinds = [Sum(), Concat(growth=4), Hierarchical(), Chain()]
    units = [Basic(), Inverted(), Inception()]
    return network(
        *(
            Block(
                aggregation=kinds[i % 4],
                unit=units[i % 3],
                depth=depth,
                width=16 + 4 * i,
                stride=2 if i in (2, 5, 8, 11) else 1,
            )
            for i in range(blocks)
        ),
        fusion="hierarchical",
    )


PLUGIN = """
from torch import nn

class Gate(nn.Module):
    def __init__(self, w_in, w_out, depth, unit, stride=1, **options):
        super().__init__()
        units = [unit(w_out if i else w_in, w_out, 1 if i else stride)
                 for i in range(depth)]
        self.units = nn.Sequential(*units)

    def forward(self, x):
        return self.units(x)

class Unité(nn.Module):
    def __init__(self, w_in, w_out, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(w_in, w_out, 3, stride, 1)

    def forward(self, x):
        return self.conv(x)
"""


def custom(folder: Path, **options: str) -> Architecture:
    """A network of a plugin's unit and aggregation, with options of any text."""
    path = folder / "mine.py"
    path.write_text(PLUGIN, encoding="utf-8")
    plugin, pairs = Plugin.of(path), tuple(options.items())
    return network(
        Block(
            aggregation=CustomAggregation(name="Gate", plugin=plugin, options=pairs),
            unit=CustomUnit(name="Unité", plugin=plugin),
            depth=3,
            width=16,
        )
    )
