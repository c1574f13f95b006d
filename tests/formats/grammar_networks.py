"""One network for each unit, whose blocks have every aggregation."""

from dataclasses import replace

import numpy as np
import torch

from nas.arch import (
    ACTIVATIONS,
    FUSIONS,
    UNITS,
    Architecture,
    Block,
    Chain,
    Concat,
    Hierarchical,
    Inception,
    Norm,
    Pool,
    StemConv,
    Sum,
)
from nas.nn.build import build

AGGREGATIONS = (
    Chain(),
    Sum(shortcut="pad", gain=0.5),
    Sum(),
    Concat(growth=4, compress=False),
    Concat(growth=5),
    Hierarchical(residual_root=True, carry_input=False),
    Hierarchical(),
)
SHAPE = (3, 15, 13)
CLASSES = ("a", "b", 'c "\\ \ud800')


def grammar_architecture(
    number: int, aggregations=AGGREGATIONS[::2], fusion: int | None = None
) -> Architecture:
    """Return an architecture of the unit of a number; all else turns with it."""
    unit = list(UNITS.values())[number](kernel=3)
    width, blocks = 6, []
    for i, aggregation in enumerate(aggregations):
        if isinstance(aggregation, Sum) and (
            unit.preact or isinstance(unit, Inception)
        ):
            aggregation = replace(aggregation, gain=1.0)
        width += 4 if aggregation == Concat(growth=4, compress=False) else 2
        pooled = i == number % 4
        blocks.append(
            Block(
                aggregation=aggregation,
                unit=unit,
                depth=2 if isinstance(aggregation, Hierarchical) else 1,
                width=width,
                stride=2 if i in (0, 2) and not pooled else 1,
                pool=Pool(type="avg", kernel=2, stride=1) if pooled else None,
            )
        )
    return Architecture(
        input_shape=SHAPE,
        num_classes=len(CLASSES),
        stem=(StemConv(width=6),),
        blocks=tuple(blocks),
        fusion=FUSIONS[number % 3 if fusion is None else fusion],
        activation=ACTIVATIONS[number % 7],
        norm=Norm(kind=("batch", "layer")[number % 2]),
        dropout=0.25,
    )


def finished(architecture: Architecture, seed: int = 0) -> torch.nn.Module:
    """Return a network in eval mode whose every weight and statistic is its own."""
    network = build(architecture, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    for tensor in network.state_dict().values():
        if tensor.is_floating_point():
            tensor.mul_(0.8 + 0.4 * torch.rand(tensor.shape, generator=generator))
    return network.eval()


def pictures(count: int, seed: int = 0) -> np.ndarray:
    """Return images, some dark and some bright, uint8 (count, C, H, W)."""
    rng = np.random.default_rng(seed)
    light = rng.random((count, SHAPE[0], 1, 1))
    return (255 * light * rng.random((count, *SHAPE))).astype(np.uint8)
