import numpy as np
import pytest
from sklearn.datasets import load_digits

from nas.data import Dataset, load
from nas.errors import DataError


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("digits")


def test_digits_are_all_there_once(digits: Dataset) -> None:
    splits = (digits.train, digits.validation, digits.test)
    images = np.concatenate([split.images for split in splits])
    expected = np.rint(load_digits().images * 255 / 16).reshape(1797, -1)
    assert images.shape == (1797, 1, 8, 8)
    assert (images.min(), images.max()) == (0, 255)
    flat = images.reshape(1797, -1).astype(float)
    assert np.array_equal(np.unique(flat, axis=0), np.unique(expected, axis=0))
    assert digits.classes == tuple("0123456789")


def test_splits_keep_the_share_of_every_class(digits: Dataset) -> None:
    assert len(digits.test) == int(0.2 * 1797)
    assert len(digits.validation) == int(0.2 * (1797 - len(digits.test)))
    share = np.bincount(load_digits().target) / 1797
    for split in (digits.train, digits.validation, digits.test):
        assert np.bincount(split.labels) / len(split) == pytest.approx(share, abs=0.01)


def test_statistics_are_of_the_training_images_alone(digits: Dataset) -> None:
    assert digits.mean == pytest.approx((digits.train.images.mean() / 255,))
    assert digits.std == pytest.approx((digits.train.images.std() / 255,))


def test_the_seed_moves_the_splits(digits: Dataset) -> None:
    same, other = load("digits"), load("digits", seed=1)
    assert np.array_equal(same.test.images, digits.test.images)
    assert not np.array_equal(other.test.images, digits.test.images)


def test_an_unknown_name_is_met_with_the_closest() -> None:
    with pytest.raises(DataError, match="unknown data set 'digit': did you mean 'dig"):
        load("digit")
