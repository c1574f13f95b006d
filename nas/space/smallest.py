"""The smallest network of a space, found without trying them all."""

from dataclasses import replace
from itertools import product
from typing import Any

from nas.arch import AGGREGATIONS, UNITS, Architecture, Block, Stem
from nas.nn.cost import block_cost
from nas.space.domains import Choice, Domain, FloatRange
from nas.space.space import BlockSpace, SearchSpace, Variant
from nas.space.topology import BlockTopology, block_at


def smallest(
    space: SearchSpace, input_shape: tuple[int, int, int], num_classes: int
) -> Architecture:
    """Return the architecture of the fewest parameters.

    Size grows with depth, kernel, growth, ratio and width, so only their smallest
    values count, and those of strides, which may need a projection. A width is also
    the next block's input, and two that are equal may save a projection: the best
    chain of widths is found block by block.

    Raises:
        SpecError: when the space's strides are too many for the images.
    """
    channels, classes = input_shape[0], num_classes
    kernel, stride = _least(space.stem.kernel), _least(space.stem.stride)
    # Width so far -> (parameters so far, stem, blocks so far).
    chains: dict[int, tuple[int, Stem, tuple[Block, ...]]] = {}
    stem_widths, *block_widths = _widths(space)
    for width in stem_widths:
        weights = channels * width * kernel * kernel + 2 * width
        stem = Stem(width=width, kernel=kernel, stride=stride)
        chains[width] = (weights, stem, ())
    for block_space, widths in zip(space.blocks, block_widths, strict=True):
        grown: dict[int, tuple[int, Stem, tuple[Block, ...]]] = {}
        for w_in, (params, stem, blocks) in chains.items():
            for block in _candidates(space, block_space, widths):
                total = params + block_cost(block, w_in, (1, 1)).params
                if block.width not in grown or total < grown[block.width][0]:
                    grown[block.width] = (total, stem, (*blocks, block))
        chains = grown
    width = min(chains, key=lambda w: (chains[w][0] + (w + 1) * classes, w))
    _, stem, blocks = chains[width]
    least = Architecture(
        input_shape=input_shape, num_classes=num_classes, stem=stem, blocks=blocks
    )
    _check_strides(space, least)
    return least


def _check_strides(space: SearchSpace, architecture: Architecture) -> None:
    """Have the architecture's own rule judge the largest strides of the space."""
    replace(
        architecture,
        stem=replace(architecture.stem, stride=_greatest(space.stem.stride)),
        blocks=tuple(
            replace(block, stride=_greatest(part.stride))
            for block, part in zip(architecture.blocks, space.blocks, strict=True)
        ),
    )


def _candidates(
    space: SearchSpace, block: BlockSpace, widths: tuple[int, ...]
) -> list[Block]:
    found = []
    for aggregation, unit, width in product(block.aggregation, block.unit, widths):
        topology = BlockTopology(
            aggregation=AGGREGATIONS[aggregation.kind],
            aggregation_options=_least_options(aggregation),
            unit=UNITS[unit.kind](**_least_options(unit)),
            depth=_least(aggregation.depth or block.depth),
            width=width,
            stride=_least(block.stride),
        )
        found.append(block_at(space, topology, width))
    return found


def _least_options(variant: Variant) -> dict[str, Any]:
    return {
        # False before True, and the smallest number, are the cheaper ones.
        name: _least(domain)
        for name, domain in variant.options.items()
    }


def _widths(space: SearchSpace) -> list[tuple[int, ...]]:
    """Return the widths that stem and blocks may have in the smallest network.

    Neighbours of equal width could all shrink together, so where it matters they have
    the smallest width that all of them may have.
    """
    domains = [space.stem.width, *(block.width for block in space.blocks)]
    if space.solved:
        return [(space.min_width,)] * len(domains)
    found: list[set[int]] = [set() for _ in domains]
    for first, domain in enumerate(domains):
        assert not isinstance(domain, FloatRange)  # the loader's rule
        shared: list[Any] = list(domain.options)
        for last in range(first, len(domains)):
            shared = [width for width in shared if domains[last].contains(width)]
            if not shared:
                break
            for widths in found[first : last + 1]:
                widths.add(min(shared))
    return [tuple(sorted(widths)) for widths in found]


def _least(domain: Domain) -> Any:
    if isinstance(domain, Choice):
        numbers: Any = domain.options
        return min(numbers)
    return domain.low


def _greatest(domain: Domain) -> Any:
    if isinstance(domain, Choice):
        numbers: Any = domain.options
        return max(numbers)
    return domain.high
