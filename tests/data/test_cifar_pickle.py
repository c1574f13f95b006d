"""Pickles that are no data: nothing in them may run."""

import os
import pickle
import pickletools
from pathlib import Path

import numpy as np
import pytest

from nas.data import load
from nas.data.sources.cifar_pickle import read_batch
from nas.errors import DataError


class Runs:
    """Is pickled as a call."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call


def written(path: Path, value: object, protocol: int = 2) -> Path:
    path.write_bytes(pickle.dumps(value, protocol))
    return path


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_numbers_and_containers_are_read(protocol: int, tmp_path: Path) -> None:
    array = np.arange(12, dtype=np.uint8).reshape(3, 4)
    batch = {
        "data": array,
        "turned": np.asfortranarray(array),
        "big-endian": np.arange(3, dtype=">i4"),
        "labels": [1, np.int64(2)],
        "names": ["cat", b"dog"],
        "more": (1.5, None, True),
    }
    found = read_batch(written(tmp_path / "batch", batch, protocol))
    assert set(found) == set(batch)
    for name in ("data", "turned", "big-endian"):
        assert np.array_equal(found[name], batch[name]), name
        assert found[name].dtype == batch[name].dtype
    assert found["labels"] == [1, 2]
    assert found["names"] == ["cat", b"dog"]
    assert found["more"] == [1.5, None, True]


def test_what_python_2_wrote_is_read(tmp_path: Path) -> None:
    # The strings of its protocol are the bytes of Python 3.
    path = tmp_path / "batch"
    path.write_bytes(b"(dp0\nS'labels'\np1\n(lp2\nI6\naI9\nas.")
    assert read_batch(path) == {"labels": [6, 9]}


CALLS = {
    "a command": (os.system, "touch {path}"),
    "a file": (open, "{path}", "w"),
    "code": (eval, "open({path!r}, 'w')"),
    "an import": (__import__, "os"),
    "an attribute": (getattr, "text", "format"),
    "a file's array": (np.load, "{path}"),
    "text as an array": (np.fromstring, "1", "u1"),
    "another codec": (__import__("codecs").encode, b"text", "zlib"),
}


@pytest.mark.parametrize("what", CALLS)
def test_nothing_is_called(what: str, tmp_path: Path) -> None:
    target = tmp_path / "touched"
    function, *arguments = CALLS[what]
    filled = [
        a.format(path=str(target)) if isinstance(a, str) else a for a in arguments
    ]
    folder = tmp_path / "data"
    folder.mkdir()
    written(folder / "data_batch_1", {b"data": Runs(function, *filled)})
    message = "data_batch_1 asks for .*, which .* could run code: it was not loaded"
    with pytest.raises(DataError, match=message):
        load(str(folder))
    assert not target.exists()


@pytest.mark.parametrize(
    "array",
    [
        np.array([None, 1], dtype=object),
        np.array([(1, 2)], dtype=[("a", "u1"), ("b", "u1")]),
        np.array(["text"]),
    ],
    ids=["objects", "records", "text"],
)
def test_arrays_are_of_numbers(array: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="asks for an array of"):
        read_batch(written(tmp_path / "batch", {"data": array}))


def test_an_array_has_the_bytes_that_it_says(tmp_path: Path) -> None:
    data = pickle.dumps({"data": np.zeros((3, 50), np.uint8)}, 2)
    assert b"K\x03K2" in data  # the shape
    (tmp_path / "batch").write_bytes(data.replace(b"K\x03K2", b"K\x7fK2"))
    with pytest.raises(DataError, match="is not a CIFAR batch, or damaged"):
        read_batch(tmp_path / "batch")


def test_a_stand_in_cannot_be_changed_by_what_it_holds(tmp_path: Path) -> None:
    # BUILD with a state of attributes would set those of the class itself.
    code = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n"
        b"N}U\x05plainU\x04textsX\x01\x00\x00\x00a\x86b."
    )
    (tmp_path / "batch").write_bytes(code)
    assert any(op.name == "BUILD" for op, _, _ in pickletools.genops(code))
    with pytest.raises(DataError, match="is not a CIFAR batch, or damaged"):
        read_batch(tmp_path / "batch")
    array = np.arange(3, dtype=np.uint8)
    found = read_batch(written(tmp_path / "good", {"data": array}))
    assert np.array_equal(found["data"], array)


@pytest.mark.parametrize("data", [b"", b"\x80\x02", b"hello", b"]q\x00."])
def test_what_is_no_batch_is_said_so(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "data_batch_1").write_bytes(data)
    message = "data_batch_1 (is not a CIFAR batch|must hold a dictionary; got list)"
    with pytest.raises(DataError, match=message):
        load(str(tmp_path))


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({"labels": [1]}, "must have 'data' and 'labels' or 'fine_labels'; got labels"),
        (
            {"data": np.zeros((2, 9), np.uint8), "labels": [0, 1]},
            r"data must be uint8 \(N, 3072\); got uint8 \(2, 9\)",
        ),
        (
            {"data": np.zeros((2, 3072), np.uint8), "labels": [0]},
            "train data has 2 images but train labels has 1 labels",
        ),
    ],
)
def test_a_batch_has_images_and_labels(
    batch: dict[str, object], message: str, tmp_path: Path
) -> None:
    written(tmp_path / "data_batch_1", batch)
    with pytest.raises(DataError, match=message):
        load(str(tmp_path))
