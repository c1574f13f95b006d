from dataclasses import replace

import numpy as np
import pytest
from made_data import made_dataset
from PIL import Image, ImageChops

from nas.data import Split
from nas.data.sheet import BAR, CELL, LABEL, MARGIN, draw_sheet


def pixels(sheet: Image.Image) -> np.ndarray:
    return np.asarray(sheet.convert("RGB")).astype(int)


def test_it_has_a_row_of_images_for_every_class():
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    labels = np.arange(60) % 3
    images = np.empty((60, 3, 28, 28), np.uint8)
    images[:] = np.array(colours, np.uint8)[labels][:, :, None, None]
    dataset = replace(
        made_dataset(shape=(3, 28, 28)), train=Split(images=images, labels=labels)
    )
    sheet = pixels(draw_sheet(dataset))
    rows = []
    for colour in colours:
        there = (sheet == colour).all(axis=2)
        # Ten images, four times as large, a border of a pixel on each side.
        assert there.sum() == 10 * (4 * 28 - 2) ** 2
        assert not there[:, : MARGIN + LABEL].any()
        rows.append(np.flatnonzero(there.any(axis=1)))
    assert rows[0].max() < rows[1].min() < rows[1].max() < rows[2].min()


def test_the_pixels_of_small_images_stay_what_they_are():
    dataset = made_dataset(
        train=(1, 1), validation=(1, 1), test=(1, 1), shape=(1, 8, 8)
    )
    sheet = draw_sheet(dataset).convert("L")
    position = int(np.flatnonzero(dataset.train.labels == 0)[0])
    image = Image.fromarray(dataset.train.images[position, 0])
    large = image.resize((CELL, CELL), Image.Resampling.NEAREST)
    left, top = MARGIN + LABEL, 120
    cell = sheet.crop((left, top, left + CELL, top + CELL))
    inner = (1, 1, CELL - 1, CELL - 1)
    assert ImageChops.difference(cell.crop(inner), large.crop(inner)).getbbox() is None


def test_bars_are_as_long_as_classes_are_large():
    sheet = pixels(draw_sheet(made_dataset(train=(400, 200, 100, 0))))
    blue = tuple(int(BAR[i : i + 2], 16) for i in (1, 3, 5))
    columns = (sheet == blue).all(axis=2)
    lengths = columns.sum(axis=1)
    widest = [lengths[rows].max() for rows in np.split(np.arange(len(sheet)), CUTS)]
    assert widest[0] > 0
    assert widest[1] == pytest.approx(widest[0] / 2, abs=2)
    assert widest[2] == pytest.approx(widest[0] / 4, abs=2)
    assert widest[3] == 0


# Between the rows of a sheet of images of 6 x 6, which are drawn 19 times as large.
CUTS = [120 + (19 * 6 + 16) * row for row in (1, 2, 3)]


@pytest.mark.parametrize(
    "shape", [(1, 8, 8), (3, 28, 28), (2, 6, 9), (4, 300, 200), (1, 1, 500)]
)
@pytest.mark.parametrize("num_classes", [2, 13, 45, 130])
def test_any_shape_and_number_of_classes_has_a_sheet(shape, num_classes):
    few = (2,) * num_classes
    dataset = made_dataset(train=few, validation=few, test=few, shape=shape)
    sheet = draw_sheet(dataset)
    assert sheet.mode == "RGB"
    assert max(sheet.size) < 8000
    assert np.asarray(sheet).std() > 1


def test_the_same_seed_draws_the_same_sheet():
    dataset = made_dataset()
    first, again = (pixels(draw_sheet(dataset, seed=3)) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, pixels(draw_sheet(dataset, seed=4)))


@pytest.mark.parametrize(
    "name", ["", "a" * 500, "Ω and ñ", "two\nlines\tand\x00more", "猫"]
)
def test_any_name_can_be_written(name):
    dataset = replace(made_dataset(), name=name, classes=(name, "b", "c"))
    drawn = pixels(draw_sheet(dataset))[:, : MARGIN + LABEL]
    plain = pixels(draw_sheet(replace(dataset, classes=("", "b", "c"))))
    # Nothing is written over the images.
    assert np.array_equal(
        drawn[:, MARGIN + LABEL - 20 :], plain[:, MARGIN + LABEL - 20 : MARGIN + LABEL]
    )
