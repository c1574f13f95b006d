"""What is particular to one kind of source."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made import (
    made,
    picture,
    same,
    save_cifar_binary,
    save_cifar_python,
    save_idx,
    save_npz,
)
from sklearn.datasets import load_digits

from nas.data import Dataset, load
from nas.data.sources import FORMS
from nas.errors import DataError


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("digits")


def everything(dataset: Dataset) -> np.ndarray:
    splits = (dataset.train, dataset.validation, dataset.test)
    return np.concatenate([split.images for split in splits])


def test_digits_are_all_there_once(digits: Dataset) -> None:
    images = everything(digits)
    expected = np.rint(load_digits().images * 255 / 16).reshape(1797, -1)
    assert images.shape == (1797, 1, 8, 8)
    assert (images.min(), images.max()) == (0, 255)
    flat = images.reshape(1797, -1).astype(float)
    assert np.array_equal(np.unique(flat, axis=0), np.unique(expected, axis=0))
    assert digits.classes == tuple("0123456789")
    assert digits.given == digits.warnings == ()


def test_an_unknown_name_is_met_with_the_closest() -> None:
    with pytest.raises(DataError, match="unknown data set 'digit': did you mean 'dig"):
        load("digit")


def test_an_error_tells_every_form() -> None:
    with pytest.raises(DataError) as caught:
        load("imagenet")
    assert all(form in str(caught.value) for form in FORMS)


def test_names_come_with_cifar(tmp_path: Path) -> None:
    splits = made(3, 32)
    save_cifar_binary(splits, tmp_path)
    (tmp_path / "batches.meta.txt").write_text("cat\ndog\nowl\n\n")
    assert load(str(tmp_path)).classes == ("cat", "dog", "owl")


def test_names_come_with_a_mapping_of_emnist(tmp_path: Path) -> None:
    images, labels = made()["train"]
    splits = dict.fromkeys(("train", "test"), (images, labels + 1))
    save_idx(splits, tmp_path, prefix="emnist-letters-")
    (tmp_path / "emnist-letters-mapping.txt").write_text("1 65 97\n2 66 98\n3 67 99\n")
    dataset = load(str(tmp_path))
    assert dataset.classes == ("A/a", "B/b", "C/c")
    upright = images.transpose(0, 1, 3, 2)
    assert {i.tobytes() for i in dataset.test.images} == {i.tobytes() for i in upright}


def test_a_folder_of_several_is_told_apart_by_file(tmp_path: Path) -> None:
    one, other = made(side=6), made(side=7)
    save_idx(one, tmp_path, prefix="emnist-digits-")
    save_idx(other, tmp_path)
    chosen = load(str(tmp_path / "t10k-images-idx3-ubyte"))
    assert chosen.train.images.shape == (24, 1, 7, 7)
    assert len(chosen.test) == 12


@pytest.mark.parametrize("inner", ["raw", "cifar-10-batches-py"])
def test_the_folder_above_does_too(inner: str, tmp_path: Path) -> None:
    (tmp_path / inner).mkdir()
    save_cifar_python(made(3, 32), tmp_path / inner)
    same(load(str(tmp_path)), load(str(tmp_path / inner)))


def test_labels_need_not_be_numbers_from_0(tmp_path: Path) -> None:
    splits = made()
    odd = {name: (x, 10 * y - 3) for name, (x, y) in splits.items()}
    dataset = load(str(save_npz(odd, tmp_path / "a.npz")))
    assert dataset.classes == ("-3", "7", "17")
    (warning,) = dataset.warnings
    assert "the labels -3, 7, 17 became the classes 0 to 2" in warning
    plain = load(str(save_npz(splits, tmp_path / "b.npz")))
    assert np.array_equal(dataset.train.labels, plain.train.labels)
    assert plain.warnings == ()


@pytest.mark.parametrize("kind", ["U", "S"])
def test_labels_may_be_names(kind: str, tmp_path: Path) -> None:
    names = np.array(["owl", "cat", "dog"])
    splits = {k: (x, names[y].astype(kind)) for k, (x, y) in made().items()}
    dataset = load(str(save_npz(splits, tmp_path / "a.npz")))
    assert dataset.classes == ("cat", "dog", "owl")
    assert dataset.warnings == ()
    by_image = {
        i.tobytes(): str(names[y]) for i, y in zip(*made()["test"], strict=True)
    }
    for image, label in zip(dataset.test.images, dataset.test.labels, strict=True):
        assert dataset.classes[label] == by_image[image.tobytes()]


def test_labels_may_be_a_column_of_floats_with_names(tmp_path: Path) -> None:
    images, labels = made()["train"]
    names = np.array(["cat", "dog", "owl"])
    column = labels[:, None].astype(float)
    np.savez(
        tmp_path / "a.npz", train_images=images, train_labels=column, classes=names
    )
    assert load(str(tmp_path / "a.npz")).classes == ("cat", "dog", "owl")


def test_numbers_as_folders_are_in_their_order(tmp_path: Path) -> None:
    images, labels = made(num_classes=3)["train"]
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        target = tmp_path / ("2", "9", "10")[label]
        target.mkdir(exist_ok=True)
        picture(image).save(target / f"{number}.png")
    assert load(str(tmp_path)).classes == ("2", "9", "10")


def test_booleans_are_black_and_white(tmp_path: Path) -> None:
    images, labels = made()["train"]
    np.savez(tmp_path / "a.npz", x=images > 127, y=labels)
    found = everything(load(str(tmp_path / "a.npz")))
    assert set(np.unique(found)) == {0, 255}


FILE = """
from dataclasses import dataclass
import numpy as np
import beside

@dataclass
class Options:  # needs its module to be known
    count: int = 30

def data():
    rng = np.random.default_rng(beside.SEED)
    return rng.random((Options().count, 4, 4)), np.arange(30) % 3

def ragged():
    return [[[1, 2]], [[1]]], [0, 1]
"""


def test_a_function_of_a_file_or_of_a_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "faces.py").write_text(FILE)
    (tmp_path / "beside.py").write_text("SEED = 3")
    path_before = list(sys.path)
    by_file = load(f"{tmp_path / 'faces.py'}:data")
    monkeypatch.chdir(tmp_path)
    by_module = load("faces:data")
    assert sys.path == path_before
    same(by_file, by_module)
    assert by_file.name == f"{tmp_path / 'faces.py'}:data"
    assert len(everything(by_file)) == 30


def test_a_function_is_asked_each_time(tmp_path: Path) -> None:
    (tmp_path / "counted.py").write_text(
        "import numpy as np\n"
        "def data():\n"
        f"    levels = np.load({str(tmp_path / 'x.npy')!r})\n"
        "    return {'x': levels, 'y': np.arange(30) % 3}\n"
    )
    images = made()["train"][0]
    for given in (images, 255 - images):
        np.save(tmp_path / "x.npy", given)
        found = everything(load(f"{tmp_path / 'counted.py'}:data"))
        assert sorted(i.tobytes() for i in found) == sorted(i.tobytes() for i in given)


MODULE = """
import torch
from lightning import LightningDataModule
from torch.utils.data import DataLoader, TensorDataset

class Faces(LightningDataModule):
    def prepare_data(self):
        self.prepared = True

    def setup(self, stage):
        assert self.prepared
        images = torch.arange(40 * 16).reshape(40, 1, 4, 4) % 256 / 255
        self.sets = {stage: TensorDataset(images, torch.arange(40) % 4)}

    def train_dataloader(self):
        return DataLoader(self.sets["fit"], batch_size=7, shuffle=True)
"""
TEST = """
    def test_dataloader(self):
        return [DataLoader(self.sets["test"], batch_size=7)]
"""


@pytest.mark.parametrize("test", ["", TEST], ids=["train", "train and test"])
def test_a_lightning_data_module(test: str, tmp_path: Path) -> None:
    (tmp_path / "faces.py").write_text(MODULE + test)
    dataset = load(f"{tmp_path / 'faces.py'}:Faces")
    assert dataset.train.images.shape[1:] == (1, 4, 4)
    assert dataset.given == (("train", "test") if test else ("train",))
    assert len(everything(dataset)) == (80 if test else 40)
    for image, label in zip(dataset.train.images, dataset.train.labels, strict=True):
        start = np.arange(40) * 16 % 256
        assert label in np.flatnonzero(start == image[0, 0, 0]) % 4


def test_the_size_can_be_asked_for(digits: Dataset) -> None:
    large = load("digits", image_size=16)
    assert large.train.images.shape == (len(digits.train), 1, 16, 16)
    assert large.mean == pytest.approx(digits.mean, abs=0.01)


def test_nothing_heavy_is_imported_for_arrays(tmp_path: Path) -> None:
    path = save_npz(made(), tmp_path / "a.npz")
    program = f"import sys; from nas.data import load; load({str(path)!r}); "
    program += "print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    heavy = {"torch", "lightning", "sklearn", "PIL", "datasets"}
    assert heavy.isdisjoint(done.stdout.split())
