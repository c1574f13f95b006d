"""Labelled images, and every way of storing them that `load` reads."""

import gzip
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nas.data import Dataset

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
Splits = dict[str, tuple[Images, Labels]]
"""Images (N, C, H, W) and labels (N,) by "train" and "test"."""


def made(channels: int = 1, side: int = 6, num_classes: int = 3) -> Splits:
    """Return 30 training and 12 test images, all different."""
    rng = np.random.default_rng(channels)

    def split(count: int) -> tuple[Images, Labels]:
        shape = (count, channels, side, side)
        images = rng.integers(0, 256, shape, dtype=np.uint8)
        images[0, 0, 0, :2] = 0, 255  # the whole range, whatever is drawn
        return images, rng.permutation(np.arange(count) % num_classes)

    return {"train": split(30), "test": split(12)}


def save_idx(splits: Splits, folder: Path, suffix: str = "", prefix: str = "") -> Path:
    for split, stem in (("train", "train"), ("test", "t10k")):
        images, labels = splits[split]
        for array, kind in ((images[:, 0], "images-idx3"), (labels, "labels-idx1")):
            header = bytes((0, 0, 8, array.ndim))
            header += struct.pack(f">{array.ndim}I", *array.shape)
            data = header + array.astype(np.uint8).tobytes()
            path = folder / f"{prefix}{stem}-{kind}-ubyte{suffix}"
            path.write_bytes(gzip.compress(data) if suffix else data)
    return folder


def save_pngs(splits: Splits, folder: Path) -> Path:
    for split, (images, labels) in splits.items():
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            target = folder / split / str(label)
            target.mkdir(parents=True, exist_ok=True)
            picture(image).save(target / f"{number}.png")
    return folder


def picture(image: Images) -> Image.Image:
    return Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))


def save_npz(
    splits: Splits, path: Path, change: Callable[[Images], NDArray] = lambda x: x
) -> Path:
    arrays = {}
    for split, (images, labels) in splits.items():
        arrays |= {f"x_{split}": change(images), f"y_{split}": labels}
    np.savez_compressed(path, **arrays)
    return path


def save_cifar_binary(splits: Splits, folder: Path, hundred: bool = False) -> Path:
    for name, (images, labels) in _batches(splits, hundred).items():
        columns = [labels[:, None].astype(np.uint8), images.reshape(len(images), -1)]
        if hundred:
            columns.insert(0, columns[0] // 5)  # the coarse label
        np.concatenate(columns, axis=1).tofile(folder / f"{name}.bin")
    return folder


def save_cifar_python(splits: Splits, folder: Path, hundred: bool = False) -> Path:
    label = b"fine_labels" if hundred else b"labels"
    for name, (images, labels) in _batches(splits, hundred).items():
        batch = {
            b"batch_label": name.encode(),
            label: labels.tolist(),
            b"data": images.reshape(len(images), -1),
        }
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    return folder


def _batches(splits: Splits, hundred: bool) -> Splits:
    if hundred:
        return splits
    images, labels = splits["train"]
    return {
        "data_batch_1": (images[:20], labels[:20]),
        "data_batch_2": (images[20:], labels[20:]),
        "test_batch": splits["test"],
    }


def same(one: Dataset, other: Dataset) -> None:
    """Check that two data sets differ in nothing but their names and warnings."""
    for name in ("train", "validation", "test"):
        a, b = getattr(one, name), getattr(other, name)
        assert np.array_equal(a.images, b.images), name
        assert np.array_equal(a.labels, b.labels), name
    for name in ("classes", "mean", "std", "given", "duplicates", "unreadable"):
        assert getattr(one, name) == getattr(other, name)
