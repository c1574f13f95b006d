"""Architectures as data: the spec tree, its JSON and its hash. Needs no torch."""

from nas.arch.aggregations import (
    AGGREGATIONS,
    Aggregation,
    Chain,
    Concat,
    Hierarchical,
    Sum,
)
from nas.arch.architecture import (
    ACTIVATIONS,
    FUSIONS,
    Architecture,
    AuxHead,
    Gene,
    Norm,
)
from nas.arch.block import (
    STEM_LAYERS,
    Block,
    Pool,
    StemConv,
    StemLayer,
    downsampled,
)
from nas.arch.codec import from_json, read, to_json
from nas.arch.custom import CustomAggregation, CustomUnit, Plugin
from nas.arch.identity import canonical_hash
from nas.arch.units import (
    UNITS,
    Basic,
    Bottleneck,
    Conv,
    Inception,
    Inverted,
    PreactBasic,
    PreactBottleneck,
    Separable,
    Unit,
)

__all__ = [
    "ACTIVATIONS",
    "AGGREGATIONS",
    "FUSIONS",
    "STEM_LAYERS",
    "UNITS",
    "Aggregation",
    "Architecture",
    "AuxHead",
    "Basic",
    "Block",
    "Bottleneck",
    "Chain",
    "Concat",
    "Conv",
    "CustomAggregation",
    "CustomUnit",
    "Gene",
    "Hierarchical",
    "Inception",
    "Inverted",
    "Norm",
    "Plugin",
    "Pool",
    "PreactBasic",
    "PreactBottleneck",
    "Separable",
    "StemConv",
    "StemLayer",
    "Sum",
    "Unit",
    "canonical_hash",
    "downsampled",
    "from_json",
    "read",
    "to_json",
]
