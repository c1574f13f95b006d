"""The same images give the same data set, whatever they are stored in."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made import (
    Splits,
    made,
    same,
    save_cifar_binary,
    save_cifar_python,
    save_idx,
    save_npz,
    save_pngs,
)

from nas.data import Dataset, load

FUNCTION = """
import numpy as np
def data():
    return dict(np.load({path!r}))
def pairs():
    arrays = data()
    return [(arrays["x_" + s], arrays["y_" + s]) for s in ("train", "test")]
"""


def save_function(name: str) -> Callable[[Splits, Path], str]:
    def save(splits: Splits, folder: Path) -> str:
        archive = save_npz(splits, folder / "data.npz")
        file = folder / "mine.py"
        file.write_text(FUNCTION.format(path=str(archive)))
        return f"{file}:{name}"

    return save


GREY = {
    "idx": save_idx,
    "idx.gz": lambda s, folder: save_idx(s, folder, ".gz"),
    "file of idx": lambda s, folder: save_idx(s, folder) / "t10k-labels-idx1-ubyte",
    "png": save_pngs,
    "NHW": lambda s, folder: save_npz(s, folder / "a.npz", lambda x: x[:, 0]),
    "Fortran order": lambda s, folder: save_npz(
        s, folder / "a.npz", lambda x: np.asfortranarray(x[:, 0])
    ),
    "int64": lambda s, folder: save_npz(
        s, folder / "a.npz", lambda x: x.astype(np.int64)
    ),
    "floats to 1": lambda s, folder: save_npz(s, folder / "a.npz", lambda x: x / 255),
    "float32 to 255": lambda s, folder: save_npz(
        s, folder / "a.npz", lambda x: x.astype(np.float32)
    ),
    "function": save_function("data"),
    "function of pairs": save_function("pairs"),
}

COLOUR = {
    "NCHW": lambda s, folder: save_npz(s, folder / "a.npz"),
    "NHWC": lambda s, folder: save_npz(
        s, folder / "a.npz", lambda x: x.transpose(0, 2, 3, 1)
    ),
    "png": save_pngs,
    "cifar10 binary": save_cifar_binary,
    "cifar10 python": save_cifar_python,
    "cifar100 binary": lambda s, folder: save_cifar_binary(s, folder, hundred=True),
    "cifar100 python": lambda s, folder: save_cifar_python(s, folder, hundred=True),
}


def holds(dataset: Dataset, splits: Splits) -> None:
    """Check that images and labels belong together as they were made."""

    def pairs(*parts) -> list[tuple[bytes, int]]:
        return sorted(
            (image.tobytes(), int(label))
            for images, labels in parts
            for image, label in zip(images, labels, strict=True)
        )

    train, validation, test = (
        (split.images, split.labels)
        for split in (dataset.train, dataset.validation, dataset.test)
    )
    assert pairs(train, validation) == pairs(splits["train"])
    assert pairs(test) == pairs(splits["test"])


@pytest.mark.parametrize("way", GREY)
def test_grey_images(way: str, tmp_path: Path) -> None:
    splits = made()
    reference = load(str(save_npz(splits, tmp_path / "reference.npz")))
    holds(reference, splits)
    folder = tmp_path / "folder"
    folder.mkdir()
    same(load(str(GREY[way](splits, folder))), reference)


@pytest.mark.parametrize("way", COLOUR)
def test_colour_images(way: str, tmp_path: Path) -> None:
    splits = made(channels=3, side=32)
    reference = load(str(save_npz(splits, tmp_path / "reference.npz")))
    holds(reference, splits)
    folder = tmp_path / "folder"
    folder.mkdir()
    same(load(str(COLOUR[way](splits, folder))), reference)


def test_neither_order_nor_a_split_of_ones_own_matters(tmp_path: Path) -> None:
    (images, labels), _ = made().values()
    np.savez(tmp_path / "one.npz", x=images, y=labels)
    np.savez(tmp_path / "other.npz", x=images[::-1], y=labels[::-1])
    same(load(str(tmp_path / "one.npz")), load(str(tmp_path / "other.npz")))


FASHION_MNIST = Path(
    os.environ.get(
        "FASHION_MNIST", Path(__file__).parents[3] / "shared" / "data" / "fashion-mnist"
    )
)


@pytest.mark.skipif(
    not FASHION_MNIST.is_dir(), reason="needs Fashion-MNIST: set FASHION_MNIST"
)
def test_fashion_mnist_as_pngs(tmp_path: Path) -> None:
    whole = load(str(FASHION_MNIST))
    assert len(whole.train) + len(whole.validation) == 60_000
    assert np.bincount(whole.test.labels).tolist() == [1000] * 10
    splits = {
        "train": (whole.train.images[:400], whole.train.labels[:400]),
        "test": (whole.test.images[:100], whole.test.labels[:100]),
    }
    folder = tmp_path / "idx"
    folder.mkdir()
    pngs = save_pngs(splits, tmp_path / "pngs")
    same(load(str(save_idx(splits, folder, ".gz"))), load(str(pngs)))
