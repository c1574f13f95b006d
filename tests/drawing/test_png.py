"""A PNG has the same picture as the SVG."""

from io import BytesIO

import pytest
from PIL import Image
from samples import custom, mixed, supervised

from nas.drawing import picture, png, thumbnail
from nas.drawing.shapes import Path, Picture, Text, rectangle


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data)).convert("RGB")


def colour(value: str) -> tuple[int, ...]:
    return tuple(int(value[i : i + 2], 16) for i in (1, 3, 5))


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_it_is_as_large_as_asked_for(scale):
    drawn = thumbnail(mixed())
    assert opened(png(drawn, scale)).size == (
        round(drawn.width * scale),
        round(drawn.height * scale),
    )


def test_shapes_are_where_they_are_in_the_svg():
    box = Path(steps=rectangle(10, 20, 30, 5), fill="#0072B2")
    drawn = Picture(width=60, height=40, shapes=(box,), title="", description="")
    image = opened(png(drawn, 2))
    blue, white = colour("#0072B2"), (255, 255, 255)
    for x, y in ((22, 42), (78, 48)):
        assert image.getpixel((x, y)) == blue
    for x, y in ((17, 44), (83, 44), (50, 37), (50, 53), (1, 1), (118, 78)):
        assert image.getpixel((x, y)) == white


def test_every_solid_colour_of_the_picture_is_in_it():
    drawn = picture(supervised(fusion="concat"), "net")
    found = {pixel for _, pixel in opened(png(drawn)).getcolors(1 << 20)}
    for shape in drawn.shapes:
        if isinstance(shape, Path) and shape.fill is not None:
            assert colour(shape.fill) in found


def test_texts_stay_in_their_boxes():
    for anchor in ("start", "middle", "end"):
        place = {"x": 150, "y": 30, "anchor": anchor}
        text = Text(text="Wide qualm 42 %", size=12, colour="#000000", **place)
        drawn = Picture(width=300, height=60, shapes=(text,), title="", description="")
        dark = opened(png(drawn, 2)).point(lambda value: 255 - value).getbbox()
        left, top, right, bottom = (2 * edge for edge in text.bounds)
        assert left - 2 <= dark[0]
        assert top - 2 <= dark[1]
        assert dark[2] <= right + 2
        assert dark[3] <= bottom + 2
        assert dark[2] - dark[0] > 150


def test_texts_from_outside_are_only_ever_texts(tmp_path, recwarn):
    architecture = custom(tmp_path, note="$x^2$ \\frac{ 単位 \x00")
    opened(png(picture(architecture, "$\\unknown{ 単"), 1)).load()
    assert not recwarn.list


def test_the_same_network_gives_the_same_bytes():
    assert png(picture(mixed(), "a"), 1) == png(picture(mixed(), "a"), 1)


def test_what_is_too_large_gets_fewer_pixels():
    tall = Picture(
        width=100,
        height=80_000,
        shapes=(Path(steps=rectangle(0, 0, 100, 40_000), fill="#0072B2"),),
        title="",
        description="",
    )
    assert opened(png(tall, 2)).size == (40, 32_000)
