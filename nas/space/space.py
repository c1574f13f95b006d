"""A search space as data: for each part of a network, what it may be."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nas.arch import Plugin, StemConv
from nas.space.domains import Choice, Domain
from nas.space.recipe import RecipeSpace


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A spec of one class (a stem layer, a pool, a norm, an auxiliary head).

    ``options`` are the domains of its fields; those left out stand at their default.
    """

    cls: type[Any]
    options: Mapping[str, Domain]

    def build(self, options: Mapping[str, Any]) -> Any:
        """Return the spec with the options chosen."""
        return self.cls(**options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One kind of aggregation or unit, with the domains of its options.

    ``depth`` stands in for the block's own where a kind needs another one; ``plugin``
    is the file that holds a kind of the user's own.
    """

    kind: str
    cls: type[Any]
    options: Mapping[str, Domain]
    depth: Domain | None = None
    plugin: Plugin | None = None

    def build(self, options: Mapping[str, Any]) -> Any:
        """Return the spec with the options chosen."""
        if self.plugin is None:
            return self.cls(**options)
        chosen = tuple(sorted(options.items()))
        return self.cls(name=self.kind, plugin=self.plugin, options=chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockSpace:
    """What one block may be."""

    aggregation: tuple[Variant, ...]
    unit: tuple[Variant, ...]
    depth: Domain
    width: Domain
    stride: Domain
    pool: Part | None


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
    stem: tuple[Part, ...]
    blocks: tuple[BlockSpace, ...]
    fusion: Domain
    aux: tuple[Part, ...]
    activation: Domain
    norm: Part
    dropout: Domain
    plugins: tuple[Plugin, ...]
    recipe: RecipeSpace = field(default_factory=RecipeSpace)
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

    def stem_place(self, i: int) -> str:
        """Return what the genes of a stem layer are called by."""
        return "stem" if len(self.stem) == 1 else f"stem{i + 1}"

    def log10_topologies(self) -> float:
        """Return the decimal logarithm of the number of gene combinations.

        The target size is left out: it scales a topology.
        """
        total = sum(
            _log10(domain) for domain in (self.fusion, self.activation, self.dropout)
        )
        for part in (*self.stem, *self.aux, self.norm):
            total += _log10_options(part.options)
        for block in self.blocks:
            total += _log10(block.stride)
            if block.pool is not None:
                total += _log10_options(block.pool.options)
            total += _log10_sum(
                _log10_aggregation(variant, block) for variant in block.aggregation
            )
            total += _log10_sum(_log10_options(v.options) for v in block.unit)
        return total


def kinds(variants: tuple[Variant, ...]) -> Choice:
    """Return the domain of the gene that picks a variant."""
    return Choice(tuple(variant.kind for variant in variants))


def has_width(part: Part) -> bool:
    """Tell whether a stem layer has a width to be chosen."""
    return part.cls is StemConv


def _log10(domain: Domain) -> float:
    return math.log10(domain.num_values)


def _log10_options(options: Mapping[str, Domain]) -> float:
    return sum(_log10(domain) for domain in options.values())


def _log10_aggregation(variant: Variant, block: BlockSpace) -> float:
    depth = block.depth if variant.depth is None else variant.depth
    shared = _log10(depth) + _log10_options(
        {name: d for name, d in variant.options.items() if name != "compress"}
    )
    compress = variant.options.get("compress", Choice((True,)))
    assert isinstance(compress, Choice)
    # Without compress a block's width is what it has grown to, and no gene.
    return shared + _log10_sum(
        0.0 if keep is False else _log10(block.width) for keep in compress.options
    )


def _log10_sum(logs: Iterable[float]) -> float:
    values = list(logs)
    top = max(values)
    if math.isinf(top):
        return top
    return top + math.log10(sum(10 ** (value - top) for value in values))
