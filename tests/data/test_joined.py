"""Two splits as one, in memory or on disk as they were."""

import pickle

import numpy as np
import pytest

from nas.data import Split, load, retraining_data
from nas.data.joined import joined
from nas.errors import DataError


def split(start: int, count: int) -> Split:
    numbers = np.arange(start, start + count)
    images = np.broadcast_to(numbers[:, None, None, None], (count, 1, 3, 3))
    return Split(images=images.astype(np.uint8), labels=numbers)


def mapped(folder, name: str, found: Split) -> Split:
    np.save(folder / name, found.images)
    return Split(images=np.load(folder / name, mmap_mode="c"), labels=found.labels)


def check(found: Split, count: int) -> None:
    assert found.labels.tolist() == list(range(count))
    assert found.images[:, 0, 1, 1].tolist() == list(range(count))


def test_in_memory():
    check(joined(split(0, 5), split(5, 3)), 8)


def test_from_files_it_is_a_file_that_others_map(tmp_path):
    one, other = (
        mapped(tmp_path, f"{name}.npy", split(start, 5))
        for name, start in (("train", 0), ("validation", 5))
    )
    found = joined(one, other)
    check(found, 10)
    assert isinstance(found.images, np.memmap)
    assert len(pickle.dumps(found)) < 1500
    check(pickle.loads(pickle.dumps(found)), 10)
    # Once is enough.
    (written,) = set(tmp_path.iterdir()) - {
        tmp_path / "train.npy",
        tmp_path / "validation.npy",
    }
    before = written.stat().st_mtime_ns
    check(joined(one, other), 10)
    assert written.stat().st_mtime_ns == before


def test_a_file_that_cannot_be_had(tmp_path):
    one = mapped(tmp_path, "train.npy", split(0, 5))
    (tmp_path / "train+validation.npy").mkdir()
    with pytest.raises(DataError, match="cannot be stored together"):
        joined(one, split(5, 3))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("train+validation.npy", "train.npy")
    ]


def test_the_data_of_a_retraining():
    digits = load("digits")
    own = retraining_data(digits, use_validation=False)
    assert len(own.search.train) == len(digits.train)
    assert own.test is digits.test
    every = retraining_data(digits, use_validation=True)
    assert len(every.search.train) == len(digits.train) + len(digits.validation)
    # Normalised as in the search.
    assert every.search.mean == digits.mean
    train = {image.tobytes() for image in every.search.train.images}
    assert train.isdisjoint(image.tobytes() for image in digits.test.images)
