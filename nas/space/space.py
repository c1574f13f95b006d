"""A search space as data: for each part of a network, what it may be."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from nas.space.domains import Choice, Domain


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One kind of aggregation or unit, with the domains of its options.

    ``depth`` stands in for the block's own where a kind needs another one.
    """

    kind: str
    options: Mapping[str, Domain]
    depth: Domain | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StemSpace:
    """What the stem may be."""

    width: Domain
    kernel: Domain
    stride: Domain


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockSpace:
    """What one block may be."""

    aggregation: tuple[Variant, ...]
    unit: tuple[Variant, ...]
    depth: Domain
    width: Domain
    stride: Domain


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSpace:
    """All networks that a search may propose, for any data and budget.

    With ``solved`` widths, a block's ``width`` is relative to the others' and a
    growth to its block's width; one multiplier is then solved so that the network
    lands just under its target size. Otherwise both are channels.
    """

    name: str
    description: str
    solved: bool
    multiple_of: int
    min_width: int
    stem: StemSpace
    blocks: tuple[BlockSpace, ...]
    text: str = field(repr=False, compare=False)
    """The YAML that it was read from; a run keeps a copy."""

    @staticmethod
    def load(name: str) -> "SearchSpace":
        """Return a shipped space by its name, or your own by its file's path.

        Raises:
            SpaceError: when there is none, with the closest name, or the file has a
                mistake, with its line and column.
        """
        from nas.space.catalog import load_space

        return load_space(name)

    def log10_topologies(self) -> float:
        """Return the decimal logarithm of the number of gene combinations.

        The target size is left out: it scales a topology.
        """
        stem = self.stem
        total = _log10(stem.width) + _log10(stem.kernel) + _log10(stem.stride)
        for block in self.blocks:
            total += _log10(block.width) + _log10(block.stride)
            shared = _log10(block.depth)
            total += _log10_sum(
                _log10_variant(variant, shared) for variant in block.aggregation
            )
            total += _log10_sum(_log10_variant(variant, 0.0) for variant in block.unit)
        return total


def _log10(domain: Domain) -> float:
    return math.log10(domain.num_values)


def _log10_variant(variant: Variant, depth: float) -> float:
    own = depth if variant.depth is None else _log10(variant.depth)
    return own + sum(_log10(domain) for domain in variant.options.values())


def _log10_sum(logs: Iterator[float]) -> float:
    values = list(logs)
    top = max(values)
    if math.isinf(top):
        return top
    return top + math.log10(sum(10 ** (value - top) for value in values))


def kinds(variants: tuple[Variant, ...]) -> Choice:
    """Return the domain of the gene that picks a variant."""
    return Choice(tuple(variant.kind for variant in variants))
