"""A block's drawing is wired as the block is."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from looks import outlines

from nas.arch import (
    Basic,
    Block,
    Bottleneck,
    Chain,
    Concat,
    Conv,
    CustomUnit,
    Hierarchical,
    Inception,
    Inverted,
    Plugin,
    PreactBottleneck,
    Separable,
    Sum,
)
from nas.drawing.blocks import block_glyph
from nas.drawing.grain import PAGE, THUMBNAIL
from nas.drawing.palette import AGGREGATION_COLOURS, tint
from nas.drawing.shapes import Path
from nas.drawing.units import bars, row_of

ROOM = 600.0


def block(aggregation, depth=4, width=32, unit=None, **options):
    return Block(
        aggregation=aggregation,
        unit=unit or Conv(),
        depth=depth,
        width=width,
        **options,
    )


def drawn(spec: Block, w_in: int = 32, grain=PAGE) -> list[Path]:
    glyph = block_glyph(spec, w_in, ROOM, grain)
    return [shape for shape in glyph.shapes if isinstance(shape, Path)]


def boxes(spec: Block, **options) -> int:
    fill = tint(AGGREGATION_COLOURS[spec.aggregation.kind], 0.14)
    found = [path for path in drawn(spec, **options) if path.fill == fill]
    return sum(len(outlines(path)) for path in found)


@pytest.mark.parametrize("depth", [2, 4, 16])
@pytest.mark.parametrize("kind", [Chain(), Sum(), Concat(growth=4), Hierarchical()])
def test_there_is_a_box_for_every_unit(kind, depth):
    assert boxes(block(kind, depth)) == depth


@pytest.mark.parametrize("kind", [Chain(), Sum(), Concat(growth=4)])
def test_of_very_many_units_some_are_left_out(kind):
    assert boxes(block(kind, 1000)) == PAGE.most - 1


@pytest.mark.parametrize(
    "kind", [Chain(), Sum(), Concat(growth=4), Concat(growth=64), Hierarchical()]
)
@pytest.mark.parametrize("depth", [2, 8, 16, 32, 1024])
@pytest.mark.parametrize("grain", [PAGE, THUMBNAIL])
def test_a_block_stays_in_its_room(kind, depth, grain):
    for options in ({}, {"stride": 2}):
        glyph = block_glyph(block(kind, depth, **options), 16, 176.0, grain)
        left, _, right, _ = glyph.bounds
        assert left >= -grain.stroke
        assert right <= 176 + grain.gap


def test_a_sum_has_an_arc_around_and_a_plus_behind_every_unit():
    colour = AGGREGATION_COLOURS["sum"]
    shapes = drawn(block(Sum(), 5))
    arcs = [p for p in shapes if p.stroke == colour and p.fill is None]
    around = max(arcs, key=lambda path: len(outlines(path)))
    assert len(outlines(around)) == 5
    rings = [p for p in shapes if p.fill == "#ffffff" and p.stroke == colour]
    assert len(rings) == 5
    for arc, ring in zip(outlines(around), rings, strict=True):
        left, top, right, bottom = ring.bounds
        end = arc[-1][1][-1]
        assert end == pytest.approx(((left + right) / 2, (top + bottom) / 2))


def test_a_shortcut_that_fits_shapes_is_marked():
    def marks(spec, w_in):
        colour = AGGREGATION_COLOURS["sum"]
        return [
            path
            for path in drawn(spec, w_in)
            if path.dash or (path.fill == colour and path.bounds[3] < -14)
        ]

    assert marks(block(Sum()), 32) == []
    assert len(marks(block(Sum()), 16)) == 1
    assert len(marks(block(Sum(), stride=2), 32)) == 1
    (dotted,) = marks(block(Sum(shortcut="pad")), 16)
    assert dotted.dash
    assert len(outlines(dotted)) == 1


def test_a_band_widens_with_every_unit_and_narrows_at_last():
    colour = AGGREGATION_COLOURS["concat"]
    spec = block(Concat(growth=16), 3, width=40)
    shapes = drawn(spec, w_in=32)
    (band,) = (path for path in shapes if path.fill == tint(colour, 0.35))
    depths = [points[0][1] for _, points in band.steps if points]
    top, lowest = min(depths), max(depths)
    scale = PAGE.band / 80
    heights = sorted({round((y - top) / scale) for y in depths if y > top})
    assert heights == [32, 48, 64, 80]
    assert lowest - top == pytest.approx(PAGE.band)
    (narrows,) = (p for p in shapes if p.fill == colour and p.bounds[1] == top)
    right = max(x for _, points in narrows.steps for x, _ in points)
    sides = [y for _, ps in narrows.steps for x, y in ps if x == right]
    assert max(sides) - min(sides) == pytest.approx(40 * scale)
    grown = replace(spec, aggregation=Concat(growth=16, compress=False), width=80)
    assert not [p for p in drawn(grown) if p.fill == colour and p.bounds[1] == top]


@pytest.mark.parametrize("depth", [2, 4, 8, 16])
@pytest.mark.parametrize("carry", [True, False])
def test_nodes_of_a_tree_merge_as_many_as_the_modules_do(depth, carry):
    """The numbers of children are those that the roots of the module have."""
    from nas.nn.blocks import Root
    from nas.nn.layout import block_call

    spec = block(Hierarchical(carry_input=carry), depth, width=8)
    module = block_call(spec, 8)()
    roots = [part for part in module.modules() if isinstance(part, Root)]
    expected = [root.conv.in_channels // 8 for root in roots]

    shapes = drawn(spec, w_in=8)
    skips = next(p for p in shapes if p.fill is None and p.stroke != "#777777")
    ends = Counter(part[-1][1][-1] for part in outlines(skips))
    # The last unit of each leads straight into its node.
    found = [count + 1 for _, count in sorted(ends.items())]
    assert found == expected


def test_a_tree_of_very_many_units_is_one_of_smaller_trees():
    glyph = block_glyph(block(Hierarchical(), 64), 32, ROOM, PAGE)
    labels = [shape.text for shape in glyph.shapes if not isinstance(shape, Path)]
    assert labels == ["4x"] * 16


def test_a_funnel_stands_for_a_lower_resolution():
    def labels(spec):
        shapes = block_glyph(spec, 32, ROOM, PAGE).shapes
        return [shape.text for shape in shapes if not isinstance(shape, Path)]

    assert labels(block(Sum())) == []
    assert labels(block(Sum(), stride=2)) == ["/2"]
    assert labels(block(Concat(growth=4), stride=3)) == ["/3"]


@pytest.mark.parametrize(
    ("unit", "heights"),
    [
        (Conv(), [1]),
        (Basic(), [1, 1]),
        (Bottleneck(ratio=0.25), [0.25, 0.25, 1]),
        (PreactBottleneck(ratio=2.0), [1, 0.5]),
        (Inverted(expansion=4.0), [1, *[1 / 7] * 4, 0.5]),
        (Separable(), [*[0.5 / 7] * 4, 1]),
    ],
)
def test_layers_are_as_tall_as_they_have_channels(unit, heights):
    drawn_bars = bars(unit, 32, 64)
    assert [tall for _, _, _, tall in drawn_bars] == pytest.approx(heights)


@pytest.mark.parametrize("w_in", [1, 8, 1000])
@pytest.mark.parametrize(
    "unit", [Conv(), Inception(), Inverted(expansion=0.1), Bottleneck(ratio=0.01)]
)
def test_layers_lie_in_their_box(unit, w_in):
    for left, top, width, tall in bars(unit, w_in, 16):
        assert min(left, top) >= -1e-9
        assert left + width <= 1 + 1e-9
        assert top + tall <= 1 + 1e-9
        assert tall > 0.01


def test_of_a_plugins_unit_no_layers_are_known(tmp_path):
    plugin = Plugin(file="mine.py", sha256="0", path=tmp_path / "mine.py")
    assert bars(CustomUnit(name="Mine", plugin=plugin), 8, 8) == ()


def test_units_stand_in_a_row_without_touching():
    for depth in (1, 7, 24, 25, 500):
        row = row_of(depth, ROOM, PAGE)
        places = [x for _, x in row.shown]
        assert places == sorted(places)
        assert all(b - a > row.width for a, b in pairwise(places))
        assert row.shown[0][0] == 0
        assert row.shown[-1][0] == depth - 1
        assert (row.left_out is None) == (depth <= PAGE.most)
