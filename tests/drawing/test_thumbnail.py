import random

import pytest
from architectures import architectures
from hypothesis import given, settings
from looks import outlines, paths, texts
from samples import custom, deep, mixed, reference, supervised

from nas.arch.reference import REFERENCES
from nas.drawing import svg, thumbnail
from nas.drawing.palette import AGGREGATION_COLOURS
from nas.nn.cost import cost
from nas.space import BoundSpace, SearchSpace


@settings(max_examples=100, deadline=None)
@given(architectures(max_blocks=8, max_depth=8))
def test_it_stays_in_its_frame_and_has_no_words(architecture):
    drawn = thumbnail(architecture)
    assert drawn.width == 240
    assert texts(drawn) == []
    for path in paths(drawn):
        left, top, right, bottom = path.bounds
        assert left >= 0
        assert top >= 0
        assert right <= 240
        assert bottom <= drawn.height


@pytest.mark.parametrize("name", REFERENCES)
def test_references_are_files_of_3_kilobytes_at_most(name):
    assert len(svg(thumbnail(reference(name)))) <= 3000


@pytest.mark.parametrize("space", ["default", "mobile", "imagenet"])
def test_networks_of_spaces_are_files_of_3_kilobytes_at_most(space):
    bound = BoundSpace(
        space=SearchSpace.load(space),
        input_shape=(3, 64, 64),
        num_classes=10,
        max_params=3_000_000,
    )
    rng = random.Random(0)
    assert max(len(svg(thumbnail(bound.sample(rng)))) for _ in range(30)) <= 3000


@pytest.mark.parametrize(("depth", "blocks"), [(16, 12), (4096, 12), (2, 300)])
def test_even_deep_networks_are_small_files_of_a_small_picture(depth, blocks):
    drawn = thumbnail(deep(depth, blocks))
    assert drawn.height < 500
    assert len(svg(drawn)) <= 4500


def test_it_says_what_it_shows():
    architecture = mixed()
    drawn = thumbnail(architecture)
    assert drawn.title.startswith("sum, concat, hierarchical, chain: ")
    assert drawn.description == "5 blocks, depths 2 4 4 3 2"
    fills = {path.fill for path in paths(drawn)}
    for name in ("sum", "concat", "hierarchical", "chain"):
        assert AGGREGATION_COLOURS[name] in fills
    assert AGGREGATION_COLOURS["custom"] not in fills


def test_bars_are_as_long_as_the_shares_of_parameters():
    architecture = mixed()
    costs = cost(architecture)
    share = costs.blocks[2].params / costs.total.params
    (green,) = (
        path
        for path in paths(thumbnail(architecture))
        if path.fill == AGGREGATION_COLOURS["hierarchical"]
    )
    ends = [x for part in outlines(green) for _, ps in part for x, _ in ps if x > 200]
    assert max(ends) - min(ends) == pytest.approx(32 * share, abs=0.5)


def test_heads_and_fusions_are_seen():
    def dashed(architecture):
        return [path for path in paths(thumbnail(architecture)) if path.dash]

    assert dashed(mixed()) == []
    (dashes,) = dashed(supervised())
    assert len(outlines(dashes)) == 2

    def right(architecture):
        stroked = [p for p in paths(thumbnail(architecture)) if p.stroke == "#777777"]
        return max(path.bounds[2] for path in stroked)

    assert right(mixed()) < 100
    assert right(mixed(fusion="concat")) > 190
    assert right(mixed(fusion="hierarchical")) > 190


def test_a_plugins_network_has_one_too(tmp_path):
    drawn = thumbnail(custom(tmp_path))
    assert drawn.title.startswith("custom: ")
    assert any(path.dash for path in paths(drawn))
