"""What is computed about a space, against trying everything."""

import math

import pytest
from space_texts import SMALL, combinations

from nas.nn.cost import num_params
from nas.space import BoundSpace, SearchSpace
from nas.space.topology import Topology, assemble, channels, genes

SHAPES = [(1, 8, 8), (4, 16, 12)]


def every_size(space: SearchSpace, shape: tuple[int, int, int]) -> list[int]:
    """Return the size of the smallest network of every combination of genes."""

    def size(topology: Topology, _) -> int:
        widths = tuple(int(width) for width in topology.widths)
        if space.solved:
            widths = (space.min_width,) * len(widths)
        return num_params(assemble(space, topology, widths, shape, 10, None))

    return list(combinations(space, size))


@pytest.mark.parametrize("name", [*SMALL, "minimal"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_smallest_network_is_the_smallest_of_all(spaces, name, shape):
    bound = BoundSpace(
        space=spaces[name], input_shape=shape, num_classes=10, max_params=10**9
    )
    assert bound.min_params == min(every_size(spaces[name], shape))
    # It is in the space, too.
    assert bound.decode(bound.encode(bound.smallest)) == bound.smallest


@pytest.mark.parametrize(
    ("stem", "first", "second", "third"),
    [
        # A wider block saves a projection, so the least width of each is not best.
        ("6", "[4, 6]", "[6, 8]", "6"),
        ("[8, 16]", "16", "[4, 16, 20]", "[8, 16]"),
        ("{int: [3, 9]}", "{int: [7, 12]}", "{int: [2, 20], step: 3}", "[5, 8, 11]"),
        ("{int: [4, 8]}", "{int: [1, 5]}", "12", "{int: [10, 14]}"),
        ("[3, 30]", "{int: [29, 31]}", "[3, 30]", "30"),
    ],
)
@pytest.mark.parametrize("unit", ["basic", "{bottleneck: {ratio: [1, 0.25]}}"])
def test_the_smallest_chain_of_absolute_widths(read, stem, first, second, third, unit):
    space = read(
        f"schema: 1\nwidths: absolute\nstem: {{width: {stem}}}\n"
        f"block: {{aggregation: sum, unit: {unit}}}\nblocks:\n"
        + "".join(f"  - {{width: {width}}}\n" for width in (first, second, third))
    )
    sizes = every_size(space, (3, 8, 8))
    bound = BoundSpace(
        space=space, input_shape=(3, 8, 8), num_classes=10, max_params=10**9
    )
    assert bound.min_params == min(sizes)


def test_wide_ranges_of_widths_take_no_time(read):
    # 65,000 widths a block: only a few of them can be in the smallest network.
    space = read(
        "schema: 1\nwidths: absolute\nstem: {width: 8}\n"
        "block: {aggregation: [sum, hierarchical], unit: basic, depth: 2}\n"
        "blocks:\n" + "  - {width: {int: [8, 65536]}}\n" * 4
    )
    bound = BoundSpace(
        space=space, input_shape=(3, 8, 8), num_classes=10, max_params=10**9
    )
    assert [block.width for block in bound.smallest.blocks] == [8] * 4


@pytest.mark.parametrize("name", [*SMALL, "minimal"])
def test_the_number_of_topologies_is_that_of_all_combinations(spaces, name):
    space = spaces[name]
    chosen = list(combinations(space, lambda _, chosen: tuple(chosen.items())))
    assert len(chosen) == len(set(chosen))
    assert space.log10_topologies() == pytest.approx(math.log10(len(chosen)))
    # And the genes that anybody is asked for are those that the space has.
    asked = {name for genes_ in chosen for name, _ in genes_}
    assert asked == set(genes(space))


def test_the_default_space_has_billions_and_real_numbers_are_countless(spaces):
    # sum: 4 depths; concat: 2 growths of 4 depths; hierarchical: 2 depths. 3 widths.
    block = (4 + 4 * 2 + 2) * (1 + 2 + 2) * 3
    fusions = 3
    assert spaces["default"].log10_topologies() == pytest.approx(
        4 * math.log10(block) + math.log10(fusions)
    )
    assert math.isinf(spaces["absolute_ranges"].log10_topologies())


def test_channels_are_steps_just_under_what_is_wanted(spaces):
    by_eight = spaces["uneven"]
    wanted = [0.1, 7.9, 8, 15.999, 16, 23, 24.0]
    assert [channels(by_eight, w) for w in wanted] == [8, 8, 8, 8, 16, 16, 24]
    # 0.3 * 10 is a hair less than 3.
    assert channels(spaces["single_channels"], 0.1 * 3 * 10) == 3
