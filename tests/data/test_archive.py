"""Any source can be written to a file that is the same data set."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made import made, picture, same, save_npz, save_pngs

from nas.data import Dataset, load
from nas.data.archive import write_npz
from nas.errors import DataError

HOSTILE = ("'); import os #", 'a "quoted" \\ name', "ünï\ncode", "  ")


def folders(channels: int) -> Callable[[Path], Path]:
    """Class folders with hostile names and no splits."""

    def make(folder: Path) -> Path:
        images, labels = made(channels, num_classes=len(HOSTILE))["train"]
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            target = folder / "photos" / HOSTILE[label]
            target.mkdir(parents=True, exist_ok=True)
            picture(image).save(target / f"{number}.png")
        return folder / "photos"

    return make


def leaking_splits(folder: Path) -> Path:
    splits = made()
    images, labels = splits["test"]
    images[:3], labels[:3] = splits["train"][0][:3], splits["train"][1][:3]
    return save_npz(splits, folder / "given.npz")


def labels_that_are_names(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    images = rng.random((40, 5, 9, 4))
    np.savez(folder / "a.npz", x=images, y=np.array(["10", "9"] * 20))
    return folder / "a.npz"


SOURCES = {
    "digits": lambda _: "digits",
    "grey folders": folders(1),
    "colour folders": folders(3),
    "split folders": lambda f: save_pngs(made(3), f / "photos"),
    "given splits": leaking_splits,
    "named labels, four channels": labels_that_are_names,
}


@pytest.mark.parametrize("image_size", [None, 7])
@pytest.mark.parametrize("name", SOURCES)
def test_what_is_written_is_the_same_data_set(tmp_path, name, image_size):
    source = str(SOURCES[name](tmp_path))
    dataset = load(source, image_size=image_size)
    write_npz(dataset, tmp_path / "written.npz")
    found = load(str(tmp_path / "written.npz"))
    same(replace(dataset, given=("train", "validation", "test")), found)
    assert found.fingerprint == dataset.fingerprint


def test_its_arrays_are_what_they_are_called(tmp_path):
    dataset = load(str(folders(3)(tmp_path)))
    write_npz(dataset, tmp_path / "written.npz")
    with np.load(tmp_path / "written.npz") as arrays:
        assert sorted(arrays) == [
            *("classes", "x_test", "x_train", "x_val", "y_test", "y_train", "y_val")
        ]
        assert tuple(arrays["classes"]) == dataset.classes == tuple(sorted(HOSTILE))
        pixels = dataset.test.images.transpose(0, 2, 3, 1)
        assert arrays["x_test"].dtype == np.uint8
        assert np.array_equal(arrays["x_test"], pixels)


def few() -> Dataset:
    """A data set of which a class keeps one training image."""
    rng = np.random.default_rng(0)
    labels = np.array([0] * 20 + [1] * 3)
    images = rng.integers(0, 256, (23, 4, 4), dtype=np.uint8)
    np.savez("few.npz", x=images, y=labels, classes=np.array(["many", "few"]))
    return load("few.npz")


def test_a_class_with_too_few_images_to_be_read_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dataset = few()
    message = r"few\.npz: class 'few' has 1 image to train on .* needs 2: add images"
    with pytest.raises(DataError, match=message):
        write_npz(dataset, tmp_path / "written.npz")
    assert [path.name for path in tmp_path.glob("*.npz")] == ["few.npz"]


def test_nothing_is_left_of_a_file_that_could_not_be_written(tmp_path, monkeypatch):
    def full(file, **_):
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nas.data.archive.np.savez_compressed", full)
    with pytest.raises(OSError, match="No space left"):
        write_npz(load("digits"), tmp_path / "written.npz")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []
