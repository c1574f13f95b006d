from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nas.train.rows import Rows

Array = NDArray[np.uint8]
ARRAY: Array = np.random.default_rng(0).integers(0, 256, (90, 2, 3, 5), dtype=np.uint8)


def saved(folder: Path) -> Path:
    np.save(folder / "a.npy", ARRAY)
    return folder / "a.npy"


def raw(path: Path, mode: str) -> Array:
    offset = path.stat().st_size - ARRAY.nbytes
    return np.memmap(path, np.uint8, mode, offset=offset, shape=ARRAY.shape)


KINDS: dict[str, Callable[[Path], Array]] = {
    "in memory": lambda _: ARRAY,
    "mapped": lambda path: np.load(path, mmap_mode="r"),
    "mapped, copied on write": lambda path: raw(path, "c"),
    "mapped, no more a memmap": lambda path: np.asarray(np.load(path, mmap_mode="r")),
    "a part of what is mapped": lambda path: np.load(path, mmap_mode="r")[0:][:90],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "positions",
    [[0], [89], list(range(90)), [0, 1, 2, 7, 30, 31, 89], list(range(0, 90, 2))],
    ids=len,
)
def test_rows_are_those_of_the_array(
    kind: str, positions: list[int], tmp_path: Path
) -> None:
    rows = Rows(KINDS[kind](saved(tmp_path)))
    for _ in range(2):
        assert np.array_equal(rows.read(np.array(positions)), ARRAY[positions])


def test_a_part_has_its_own_positions(tmp_path: Path) -> None:
    part = np.load(saved(tmp_path), mmap_mode="r")[10:50][5:]
    found = Rows(part).read(np.array([0, 1, 34]))
    assert np.array_equal(found, ARRAY[[15, 16, 49]])


def test_it_is_the_file_that_is_read(tmp_path: Path) -> None:
    mapped = np.load(saved(tmp_path), mmap_mode="c")
    mapped[:] = 0  # seen through the map alone
    assert np.array_equal(Rows(mapped).read(np.array([3])), ARRAY[[3]])


def test_a_file_that_has_become_shorter_is_an_error(tmp_path: Path) -> None:
    path = saved(tmp_path)
    rows = Rows(np.load(path, mmap_mode="r"))
    with path.open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(OSError, match=r"a\.npy has changed: it ends before"):
        rows.read(np.array([2, 80]))
