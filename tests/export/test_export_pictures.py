"""An exported model reads a picture as the search read those it was trained on."""

import numpy as np
import pytest
import torch
from PIL import Image

from nas.data.pictures import decode
from nas.export.standalone import read_image

RNG = np.random.default_rng(0)
LEVELS = RNG.integers(0, 256, (50, 37, 4), dtype=np.uint8)
DEEP = RNG.integers(0, 65536, (50, 37), dtype=np.uint16)
COLOUR = Image.fromarray(LEVELS[:, :, :3])
TURNED = Image.Exif()
TURNED[0x0112] = 6

PICTURES = {
    "colour.png": (COLOUR, {}),
    "grey.png": (COLOUR.convert("L"), {}),
    "palette.png": (COLOUR.convert("P"), {}),
    "transparent.png": (Image.fromarray(LEVELS), {}),
    "16 bits.png": (Image.fromarray(DEEP), {}),
    "32 bits.tiff": (Image.fromarray(DEEP.astype(np.int32)), {}),
    "8 of 32 bits.tiff": (Image.fromarray(DEEP.astype(np.int32) % 256), {}),
    "turned.png": (COLOUR, {"exif": TURNED}),
    "photo.jpg": (COLOUR.resize((740, 1000)), {"exif": TURNED}),
}


@pytest.mark.parametrize("size", [(50, 37), (8, 8), (64, 20)])
@pytest.mark.parametrize("name", PICTURES)
def test_as_in_the_search(tmp_path, name, size):
    picture, options = PICTURES[name]
    picture.save(tmp_path / name, **options)
    expected = torch.from_numpy(decode(tmp_path / name, size))
    found = read_image(tmp_path / name, (3, *size))
    assert torch.equal(found[0], expected / 255)
    if expected.float().std(dim=0).max() == 0:  # grey in all its channels
        grey = read_image(tmp_path / name, (1, *size))
        assert torch.equal(grey[0], expected[:1] / 255)


def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "large.png"
    Image.new("L", (8, 8)).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(ValueError, match=r"large\.png: Image size"):
        read_image(path, (1, 8, 8))
