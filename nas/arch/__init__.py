"""Architectures as data: the spec tree, its JSON and its hash. Needs no torch."""

from nas.arch.aggregations import (
    AGGREGATIONS,
    Aggregation,
    Concat,
    Hierarchical,
    Sum,
)
from nas.arch.architecture import Architecture, Block, Gene, Stem, downsampled
from nas.arch.codec import canonical_hash, from_json, read, to_json
from nas.arch.units import UNITS, Basic, Bottleneck, Separable, Unit

__all__ = [
    "AGGREGATIONS",
    "UNITS",
    "Aggregation",
    "Architecture",
    "Basic",
    "Block",
    "Bottleneck",
    "Concat",
    "Gene",
    "Hierarchical",
    "Separable",
    "Stem",
    "Sum",
    "Unit",
    "canonical_hash",
    "downsampled",
    "from_json",
    "read",
    "to_json",
]
