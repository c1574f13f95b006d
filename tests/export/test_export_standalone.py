"""The reader that exported files carry, against the library that writes."""

import json

import pytest
import torch
from safetensors.torch import save, save_file

from nas.export.standalone import DTYPES, read_image, read_safetensors


def test_every_type_and_shape_comes_back(tmp_path):
    path = tmp_path / "all.safetensors"
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for name, dtype in DTYPES.items():
        for shape in ((), (3,), (2, 3, 1), (0, 4)):
            values = torch.randint(0, 100, shape, generator=generator).to(dtype)
            tensors[f"{name} {shape}"] = values
    save_file(tensors, path, metadata={"format": "pt"})
    found = read_safetensors(path)
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor), name


def _header(**entry) -> bytes:
    entry = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | entry
    text = json.dumps({"x": entry}).encode()
    return len(text).to_bytes(8, "little") + text + bytes(8)


GOOD = save({"x": torch.zeros(2)})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        GOOD[:7],
        GOOD[:20],
        GOOD[:-1],
        b"\xff" * 64,
        (5).to_bytes(8, "little") + b"[1,2]",
        (9).to_bytes(8, "little") + b'{"x":"y"}',
        (4).to_bytes(8, "little") + b"\xff{}}",
        _header(dtype="F99"),
        _header(shape=[3]),
        _header(shape="2"),
        _header(shape=[200], data_offsets=[0, 800]),
        _header(data_offsets=[0, 7]),
        _header(data_offsets=3),
    ],
)
def test_a_damaged_file_is_refused_by_name(tmp_path, data):
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"damaged\.safetensors: not a"):
        read_safetensors(path)


def test_the_undamaged_file_is_read(tmp_path):
    path = tmp_path / "good.safetensors"
    for data in (GOOD, _header()):
        path.write_bytes(data)
        assert torch.equal(read_safetensors(path)["x"], torch.zeros(2))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_of_any_kind_and_size_is_made_to_fit(tmp_path, mode, channels):
    image = pytest.importorskip("PIL.Image")
    path = tmp_path / "white.png"
    image.new("L", (11, 6), 255).convert(mode).save(path)
    found = read_image(path, (channels, 4, 9))
    assert found.shape == (1, channels, 4, 9)
    assert torch.equal(found, torch.ones_like(found))


def test_colours_and_rows_keep_their_places(tmp_path):
    image = pytest.importorskip("PIL.Image")
    picture = image.new("RGB", (2, 3))
    picture.putpixel((1, 2), (255, 0, 51))
    picture.save(tmp_path / "dot.png")
    found = read_image(tmp_path / "dot.png", (3, 3, 2))
    assert found[0, :, 2, 1].tolist() == pytest.approx([1, 0, 0.2])
    assert found.sum().item() == pytest.approx(1.2)


def test_a_network_for_other_channels_reads_no_pictures(tmp_path):
    with pytest.raises(ValueError, match="1 or 3 channels; the network takes 4"):
        read_image(tmp_path / "any.png", (4, 8, 8))
