"""Search spaces of every kind as YAML, and ways to go through one by brute force."""

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from nas.arch import Gene
from nas.space import Domain, SearchSpace
from nas.space.topology import Topology, walk

T = TypeVar("T")

HAND_MADE: Final = {
    "fixed": """
schema: 1
widths: solved
stem: {width: 1}
blocks:
  - {aggregation: sum, unit: basic}
""",
    "absolute": """
schema: 1
widths: absolute
stem: {width: [4, 6], kernel: [1, 3]}
block:
  aggregation:
    sum:
    concat: {growth: [2, 5]}
    hierarchical: {depth: 2, carry_input: [true, false]}
  unit: [basic, separable]
  depth: [1, 3]
blocks:
  - {width: [4, 7]}
  - {width: [6, 7], stride: 2}
""",
    "absolute_ranges": """
schema: 1
widths: absolute
stem: {width: {int: [4, 16], step: 4}, kernel: {int: [1, 5], step: 2}}
blocks:
  - aggregation: {concat: {growth: {int: [1, 12], log: true}}}
    unit: {bottleneck: {ratio: {float: [0.1, 2], log: true}}}
    depth: {int: [1, 5]}
    width: {int: [3, 24]}
  - aggregation: sum
    unit: {bottleneck: {kernel: [1, 5], ratio: {float: [0.5, 4]}}}
    width: [9, 18]
    stride: {int: [1, 3]}
""",
    "uneven": """
schema: 1
widths: solved
multiple_of: 8
min_width: 16
stem: {width: [0.5, 3], kernel: 5, stride: [1, 2]}
block:
  aggregation: [sum, hierarchical]
  unit: {basic: {kernel: [1, 3, 5]}, bottleneck: {ratio: {float: [0.2, 1]}}}
  depth: [2, 4]
blocks:
  - {width: [0.3, 1, 2.5]}
  - {width: 4, stride: 2}
  - {width: [0.1, 10], aggregation: [sum], depth: {int: [1, 4]}}
""",
    "single_channels": """
schema: 1
widths: solved
multiple_of: 1
stem: {width: [1, 2]}
blocks:
  - aggregation: {concat: {growth: [0.1, 0.3, 1]}}
    unit: [separable, bottleneck]
    depth: {int: [1, 6]}
    width: [1, 1.3, 1.7]
  - aggregation: {concat: {growth: 0.5, depth: [1, 2]}, sum: }
    unit: basic
    width: [1, 2]
    stride: 3
""",
}
"""Absolute and solved widths, ranges, variants, depths of a kind, steps of 1 to 8."""

SMALL: Final = ("fixed", "absolute")
"""Those with few enough combinations to try them all."""


def combinations(
    space: SearchSpace, build: Callable[[Topology, dict[str, Gene]], T]
) -> Iterator[T]:
    """Yield what ``build`` makes of every combination of genes, target size aside."""
    prefixes: list[tuple[Gene, ...]] = [()]
    while prefixes:
        prefix = prefixes.pop()
        chosen: dict[str, Gene] = {}

        def choose(
            name: str,
            domain: Domain,
            prefix: tuple[Gene, ...] = prefix,
            chosen: dict[str, Gene] = chosen,
        ) -> Gene:
            position = len(chosen)
            assert name not in chosen
            if position < len(prefix):
                chosen[name] = prefix[position]
            else:
                so_far = tuple(chosen.values())
                first, *others = domain.options
                prefixes.extend((*so_far, other) for other in others)
                chosen[name] = first
            return chosen[name]

        yield build(walk(space, choose), chosen)
