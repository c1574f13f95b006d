"""Which images are for training, choosing and testing."""

from pathlib import Path

import numpy as np
import pytest
from made import made, picture
from sklearn.datasets import load_digits

from nas.data import Dataset, load


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("digits")


def stored(path: Path, **arrays: np.ndarray) -> Dataset:
    np.savez(path / "a.npz", **arrays)
    return load(str(path / "a.npz"))


def test_splits_keep_the_share_of_every_class(digits: Dataset) -> None:
    assert len(digits.test) == pytest.approx(0.2 * 1797, abs=1)
    assert len(digits.validation) == pytest.approx(0.2 * 0.8 * 1797, abs=1)
    share = np.bincount(load_digits().target) / 1797
    for split in (digits.train, digits.validation, digits.test):
        assert np.bincount(split.labels) / len(split) == pytest.approx(share, abs=0.01)


def test_statistics_are_of_the_training_images_alone(digits: Dataset) -> None:
    assert digits.mean == pytest.approx((digits.train.images.mean() / 255,))
    assert digits.std == pytest.approx(((digits.train.images / 255).std(),))


def test_the_seed_moves_the_splits(digits: Dataset) -> None:
    same, other = load("digits"), load("digits", seed=1)
    assert np.array_equal(same.test.images, digits.test.images)
    assert not np.array_equal(other.test.images, digits.test.images)


def test_given_splits_are_honoured(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    parts = {
        name: rng.integers(0, 256, (count, 1, 4, 4), dtype=np.uint8)
        for name, count in (("train", 20), ("val", 8), ("test", 6))
    }
    arrays = {f"x_{name}": images for name, images in parts.items()}
    labels = {f"y_{name}": np.arange(len(x)) % 2 for name, x in parts.items()}
    dataset = stored(tmp_path, **arrays, **labels)
    assert dataset.given == ("train", "validation", "test")
    for split, name in ((dataset.train, "train"), (dataset.validation, "val")):
        images = {image.tobytes() for image in split.images}
        assert images == {image.tobytes() for image in parts[name]}
    assert load(str(tmp_path / "a.npz"), seed=5).given == dataset.given


def test_a_given_test_split_leaves_all_else_to_training(tmp_path: Path) -> None:
    (x, y), (x_test, y_test) = made().values()
    dataset = stored(tmp_path, x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    assert dataset.given == ("train", "test")
    sizes = [len(s) for s in (dataset.train, dataset.validation, dataset.test)]
    assert sizes == [24, 6, 12]
    assert np.bincount(dataset.validation.labels).tolist() == [2, 2, 2]


def test_identical_images_across_given_splits_are_counted(tmp_path: Path) -> None:
    (x, y), (x_test, y_test) = made().values()
    x_val, y_val = x_test[:6].copy(), y_test[:6]
    x_test[6:9] = x[5]  # one training image, three times
    dataset = stored(
        tmp_path,
        **{"x_train": x, "y_train": y, "x_val": x_val, "y_val": y_val},
        **{"x_test": x_test, "y_test": y_test},
    )
    assert dataset.duplicates == {"train/test": 3, "validation/test": 6}
    first, second = dataset.warnings
    assert "3 of the 12 test images are in train, too" in first
    assert "6 of the 12 test images are in validation, too" in second
    assert load(str(tmp_path / "a.npz")).duplicates == dataset.duplicates


def test_made_splits_keep_identical_images_together(tmp_path: Path) -> None:
    images, labels = made()["train"]
    dataset = stored(tmp_path, x=np.repeat(images, 4, 0), y=np.repeat(labels, 4))
    assert dataset.duplicates == {}
    assert dataset.warnings == ()
    for split in (dataset.train, dataset.validation, dataset.test):
        _, counts = np.unique(
            split.images.reshape(len(split), -1), axis=0, return_counts=True
        )
        assert set(counts) == {4}


def test_a_class_of_identical_images_is_warned_about(tmp_path: Path) -> None:
    images, labels = made()["train"]
    images[labels == 1] = 7
    dataset = stored(tmp_path, x=images, y=labels)
    counts = [
        int((split.labels == 1).sum())
        for split in (dataset.train, dataset.validation, dataset.test)
    ]
    assert sorted(counts) == [0, 0, 10]
    assert counts[0] == 10
    first, second = dataset.warnings
    assert "test has no image of 1: identical images stay together" in first
    assert "validation has no image of 1: identical images stay together" in second


def test_a_class_of_three_is_in_every_split(tmp_path: Path) -> None:
    for name, count in (("many", 40), ("few", 3)):
        (tmp_path / name).mkdir()
        rng = np.random.default_rng(count)
        for number in range(count):
            image = rng.integers(0, 256, (1, 5, 5), dtype=np.uint8)
            picture(image).save(tmp_path / name / f"{number}.png")
    dataset = load(str(tmp_path))
    for split in (dataset.train, dataset.validation, dataset.test):
        assert (split.labels == dataset.classes.index("few")).sum() == 1
