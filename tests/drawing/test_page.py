"""The picture of an architecture says what is so, and nothing lies over anything."""

import random
from dataclasses import replace

import pytest
from architectures import architectures
from hypothesis import given, settings
from looks import crosses, outlines, paths, segments, texts, touch, words
from samples import custom, deep, mixed, network, reference, supervised

from nas.arch import (
    AuxHead,
    Basic,
    Block,
    Chain,
    Concat,
    Conv,
    Hierarchical,
    Sum,
)
from nas.arch.reference import REFERENCES
from nas.drawing import human, outline, picture
from nas.drawing.columns import SHARE
from nas.drawing.palette import AGGREGATION_COLOURS, CARD
from nas.drawing.shapes import Picture
from nas.space import BoundSpace, SearchSpace

HOSTILE = '</text><script>alert("x")</script>\x00\n\u202e$x^2$&amp;'


def check_layout(drawn: Picture) -> None:
    for shape in drawn.shapes:
        left, top, right, bottom = shape.bounds
        assert left >= 0, shape
        assert top >= 0, shape
        assert right <= drawn.width, shape
        assert bottom <= drawn.height, shape
    written = texts(drawn)
    boxes = [text.bounds for text in written]
    for i, box in enumerate(boxes):
        for j in range(i):
            assert not touch(box, boxes[j]), (written[i], written[j])
    for path in paths(drawn):
        if path.fill == CARD:
            continue
        near = [i for i, box in enumerate(boxes) if touch(box, path.bounds)]
        for segment in segments(path) if near else ():
            for i in near:
                assert not crosses(segment, boxes[i]), (segment, written[i])


@pytest.mark.parametrize("name", REFERENCES)
def test_references_have_nothing_over_anything(name):
    check_layout(picture(reference(name), name))


@settings(max_examples=60, deadline=None)
@given(architectures(max_blocks=6, max_depth=8))
def test_random_networks_have_nothing_over_anything(architecture):
    check_layout(picture(architecture, "a random network"))


@pytest.mark.parametrize("space", ["default", "mobile", "imagenet"])
def test_networks_of_spaces_have_nothing_over_anything(space):
    bound = BoundSpace(
        space=SearchSpace.load(space),
        input_shape=(3, 64, 64),
        num_classes=10,
        max_params=3_000_000,
    )
    rng = random.Random(0)
    for _ in range(20):
        check_layout(picture(bound.sample(rng)))


@pytest.mark.parametrize("depth", [2, 16, 64, 4096])
def test_deep_networks_have_nothing_over_anything_and_stay_narrow(depth):
    drawn = picture(deep(depth), "deep")
    check_layout(drawn)
    assert drawn.width < 1300


@pytest.mark.parametrize("fusion", ["last", "concat", "hierarchical"])
def test_fusions_and_heads_have_nothing_over_anything(fusion):
    check_layout(picture(supervised(fusion=fusion), "heads"))
    many = tuple(AuxHead(after=i % 3) for i in range(9))
    check_layout(picture(mixed(fusion=fusion, aux=many)))


def test_every_part_has_its_row_with_its_figures():
    architecture = supervised(fusion="concat")
    drawn = picture(architecture, "trial 7")
    facts = outline(architecture)
    said = [text.text for text in texts(drawn)]
    assert said[0] == "trial 7"
    assert f"{facts.params:,} parameters" in said[1]
    for part in facts.parts:
        at = said.index(part.name)
        row = said[max(0, at - 3) : at + 8]
        assert f"{part.w_in} → {part.w_out}" in row
        assert f"{part.resolution[0]}x{part.resolution[1]}" in row
        assert human(part.params) in row
        assert f"{100 * part.share:.0f} %" in row
        assert part.description.split(" ")[0] in " ".join(row)
    for part in facts.aux:
        assert said.count(part.name) == 2  # at its block, and in the notes
        assert any(part.description in text for text in said)


def test_those_who_hear_it_get_every_part_and_figure():
    architecture = supervised(fusion="hierarchical")
    heard = picture(architecture, "net").description
    facts = outline(architecture)
    for part in (*facts.parts, *facts.aux):
        assert f"{part.name}: {part.description}" in heard
        assert f"{part.params:,} parameters" in heard


def test_bars_are_as_long_as_the_shares_of_parameters():
    architecture = network(
        Block(aggregation=Sum(), unit=Basic(), depth=1, width=16),
        Block(aggregation=Concat(growth=8), unit=Basic(), depth=2, width=20),
        Block(aggregation=Hierarchical(), unit=Basic(), depth=2, width=64),
    )
    drawn = picture(architecture)
    (right,) = (t.x for t in texts(drawn) if t.text == "parameters")
    for part, name in zip(
        outline(architecture).parts[1:], ("sum", "concat", "hierarchical"), strict=False
    ):
        bars = [
            path.bounds
            for path in paths(drawn)
            if path.fill == AGGREGATION_COLOURS[name] and path.bounds[0] == right
        ]
        ((left, _, end, _),) = bars
        assert end - left == pytest.approx(SHARE * part.share, abs=0.01)


def test_a_title_is_cut_and_shown_as_it_is():
    drawn = picture(mixed(), HOSTILE * 9)
    title = texts(drawn)[0].text
    assert title.startswith("</text><script>")
    assert title.endswith("…")
    assert r"\x00" in title
    assert "\u202e" not in drawn.title + title
    assert "\n" not in drawn.title
    check_layout(drawn)


def test_without_a_title_there_is_none():
    assert texts(picture(mixed()))[0].text.startswith("3x64x64 images")


def test_names_from_plugins_are_shown_as_they_are(tmp_path):
    architecture = custom(tmp_path, note=HOSTILE, long="x" * 900)
    drawn = picture(architecture, "custom")
    check_layout(drawn)
    assert "Gate of 3 x Unité, note" in words(drawn)
    assert "\u202e" not in words(drawn) + drawn.description
    assert "a plugin's own" in words(drawn)


def test_the_legend_has_the_signs_that_are_there_and_no_others():
    said = words(picture(mixed()))
    for meaning in ("sum", "concatenation", "stride", "dotted: depthwise"):
        assert meaning in said
    plain = network(Block(aggregation=Chain(), unit=Conv(), depth=2, width=8))
    said = words(picture(plain)).splitlines()
    assert said[-2:] == ["layers of a unit, as tall as they have channels", "pooling"]


def test_data_take_one_way_from_row_to_row():
    """Each row's drawing is entered on the left where the way from above ends."""
    architecture = mixed()
    ways = [
        path
        for path in paths(picture(architecture))
        if path.stroke == "#777777" and len(outlines(path)[0]) == 10
    ]
    starts = [way.steps[0][1][0] for way in ways]
    ends = [way.steps[-1][1][0] for way in ways]
    assert len(ways) == len(outline(architecture).parts) - 1
    assert len({x for x, _ in ends}) == 1
    assert all(end[1] > start[1] for start, end in zip(starts, ends, strict=True))
    assert all(end[0] < start[0] for start, end in zip(starts, ends, strict=True))


def test_the_same_network_gives_the_same_picture():
    assert picture(supervised(), "a") == picture(supervised(), "a")
    assert picture(mixed(), "a") != picture(replace(mixed(), num_classes=11), "a")
