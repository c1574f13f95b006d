"""An SVG is well-formed, has the picture's shapes and nothing that could run."""

import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from architectures import architectures
from hypothesis import given, settings
from looks import paths, read_data, texts
from samples import custom, deep, mixed, reference, supervised

from nas.arch.reference import REFERENCES
from nas.drawing import picture, svg, thumbnail
from nas.drawing.shapes import Path, Picture, line

NAMESPACE = "{http://www.w3.org/2000/svg}"
HOSTILE = "</title></text><script>alert('\"x')</script>\x00\x1b\ud800\uffff\n&amp;]]>"


def check_svg(drawn: Picture) -> ElementTree.Element:
    """Compare an SVG with what it was written from, shape by shape."""
    root = ElementTree.fromstring(svg(drawn))
    assert root.tag == f"{NAMESPACE}svg"
    assert {element.tag.removeprefix(NAMESPACE) for element in root.iter()} <= {
        *("svg", "title", "desc", "path", "text")
    }
    title, description, ground, *elements = root
    assert (title.text, description.text) == (drawn.title, drawn.description)
    assert ground.get("fill") == "#fff"
    assert len(elements) == len(drawn.shapes)
    drawn_paths = iter(paths(drawn))
    drawn_texts = iter(texts(drawn))
    for element in elements:
        if element.tag == f"{NAMESPACE}text":
            assert element.text == next(drawn_texts).text
        else:
            check_path(element, next(drawn_paths))
    return root


def check_path(element: ElementTree.Element, path: Path) -> None:
    assert (element.get("fill") is None) == (path.fill is None)
    assert (element.get("stroke") is None) == (path.stroke is None)
    written = [point for _, points in read_data(element.get("d")) for point in points]
    whole = [point for _, points in path.steps for point in points]
    if path.fill is not None and len(written) == len(whole):
        for one, other in zip(written, whole, strict=True):
            assert one == pytest.approx(other, abs=0.06)
    else:  # steps that lead nowhere are left out
        assert all(any(near(p, q) for q in written) for p in whole)


def near(one, other) -> bool:
    return abs(one[0] - other[0]) <= 0.06 and abs(one[1] - other[1]) <= 0.06


@pytest.mark.parametrize("name", REFERENCES)
def test_references_as_svg(name):
    check_svg(picture(reference(name), name))
    check_svg(thumbnail(reference(name)))


@settings(max_examples=25, deadline=None)
@given(architectures(max_blocks=4))
def test_random_networks_as_svg(architecture):
    check_svg(picture(architecture))
    check_svg(thumbnail(architecture))


def test_those_who_hear_it_are_told_that_it_is_an_image():
    root = check_svg(picture(supervised(), "trial 7"))
    assert root.get("role") == "img"
    assert root.find(f"{NAMESPACE}title").text == "trial 7"
    assert "block 5" in root.find(f"{NAMESPACE}desc").text


def test_texts_from_outside_are_only_ever_texts(tmp_path):
    architecture = custom(tmp_path, note=HOSTILE)
    data = svg(picture(architecture, HOSTILE))
    check_svg(picture(architecture, HOSTILE))
    assert "<script" not in data
    assert data.count("&lt;script") >= 2
    assert r"\x1b" in data
    data.encode()  # no halves of letters


def test_it_refers_to_nothing_outside_of_it():
    data = svg(picture(supervised(fusion="concat"), "net"))
    assert not re.search(r"href|url\(|style|\bid=|@import|<!", data)
    assert re.findall(r"https?://[^\"]*", data) == ["http://www.w3.org/2000/svg"]


def test_numbers_are_short():
    written = re.findall(r' d="([^"]*)"', svg(picture(deep(), "deep")))
    numbers = re.findall(r"[\d.]+", " ".join(written))
    assert len(numbers) > 1000
    assert max(len(number.partition(".")[2]) for number in numbers) == 1
    assert not any(number.startswith("0.") for number in numbers)


def test_rounding_does_not_add_up():
    points = tuple((i * 0.26, i * 0.26) for i in range(1000))
    path = Path(steps=line(*points), stroke="#000000")
    drawn = Picture(width=300, height=300, shapes=(path,), title="t", description="d")
    check_svg(drawn)


def test_another_process_writes_the_same_bytes():
    program = (
        "from samples import supervised; from nas.drawing import *;"
        "net = supervised(); print(svg(picture(net, 'a')) + svg(thumbnail(net)))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            text=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    }
    here = svg(picture(supervised(), "a")) + svg(thumbnail(supervised()))
    assert outputs == {f"{here}\n"}


def test_a_picture_of_a_usual_network_is_a_small_file():
    assert len(svg(picture(mixed(), "mixed"))) < 25_000
