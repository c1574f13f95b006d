import pickle
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from made import made, same, save_npz, save_pngs

from nas.data import Dataset, Split, cache_folder, load
from nas.data.cache import cached
from nas.data.decode import Allocate


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return save_npz(made(), tmp_path / "a.npz")


def entries(cache: Path) -> list[Path]:
    return [path for path in cache.iterdir() if path.is_dir()]


def reads(source: Path, **options: int) -> tuple[Dataset, int]:
    """Load a source; return it and how many images were decoded for that."""
    told = [0]
    dataset = load(str(source), on_progress=lambda n, _: told.append(n), **options)
    return dataset, told[-1]


def test_images_are_decoded_once(archive: Path) -> None:
    first, num_first = reads(archive)
    second, num_second = reads(archive)
    assert (num_first, num_second) == (42, 0)
    assert isinstance(second.train.images, np.memmap)
    same(first, second)
    assert first.name == second.name == str(archive)


def test_progress_ends_at_the_number_of_images(tmp_path: Path) -> None:
    folder = save_pngs(made(), tmp_path / "data")
    told: list[tuple[int, int]] = []
    load(str(folder), on_progress=lambda *numbers: told.append(numbers))
    assert told == sorted(told)
    assert told[-1] == (42, 42)
    assert {total for _, total in told} == {42}


def test_a_file_that_changed_is_decoded_again(archive: Path) -> None:
    before, _ = reads(archive)
    images, labels = made()["train"]
    save_npz(made() | {"train": (255 - images, labels)}, archive)
    after, num_after = reads(archive)
    assert num_after == 42
    assert after.mean == pytest.approx(tuple(1 - mean for mean in before.mean), abs=0.1)
    assert after.mean != before.mean


def test_a_new_image_is_seen(tmp_path: Path) -> None:
    folder = save_pngs(made(), tmp_path / "data")
    assert reads(folder)[1] == 42
    assert reads(folder)[1] == 0
    old = next((folder / "train" / "0").iterdir())
    old.with_name("new.png").write_bytes(old.read_bytes())
    dataset, num_read = reads(folder)
    assert num_read == 43
    assert len(dataset.train) + len(dataset.validation) == 31


@pytest.mark.parametrize("option", ["seed", "image_size"])
def test_other_options_are_other_data(option: str, archive: Path) -> None:
    reads(archive)
    dataset, num_read = reads(archive, **{option: 8})
    assert num_read == 42
    assert reads(archive, **{option: 8})[1] == 0
    if option == "image_size":
        assert dataset.train.images.shape[1:] == (1, 8, 8)


@pytest.mark.parametrize("name", ["train.npy", "test-labels.npy", "facts.json"])
@pytest.mark.parametrize("length", [None, 0, 100])
def test_a_damaged_entry_is_made_anew(
    name: str, length: int | None, archive: Path, cache: Path
) -> None:
    first, _ = reads(archive)
    (entry,) = entries(cache)
    images = np.array(first.train.images)
    if length is None:
        (entry / name).unlink()
    else:
        (entry / name).write_bytes((entry / name).read_bytes()[:length])
    again, num_read = reads(archive)
    assert num_read == 42
    assert np.array_equal(again.train.images, images)
    assert entries(cache) == [entry]


def test_nothing_is_left_of_an_interrupted_start(archive: Path, cache: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(str(archive), on_progress=interrupt)
    assert entries(cache) == []
    assert reads(archive)[1] == 42


def test_what_a_killed_process_left_is_cleared(archive: Path, cache: Path) -> None:
    reads(archive)
    (entry,) = entries(cache)
    partial = entry.rename(entry.with_name(f"{entry.name}.partial"))
    (partial / "decoded-train.npy").write_bytes(b"half")
    assert reads(archive)[1] == 42
    assert entries(cache) == [entry]
    assert sorted(path.name for path in entry.iterdir()) == [
        "facts.json",
        "test-labels.npy",
        "test.npy",
        "train-labels.npy",
        "train.npy",
        "validation-labels.npy",
        "validation.npy",
    ]


def test_one_decodes_and_the_other_waits(archive: Path) -> None:
    started, told, loaded = Event(), Event(), []
    sample = load(str(archive))

    def first(allocate: Allocate) -> Dataset:
        started.set()
        assert told.wait(60)
        for name in ("train", "validation", "test"):
            images = getattr(sample, name).images
            allocate(name, images.shape)[:] = images
        return sample

    def unwanted(allocate: Allocate) -> Dataset:
        raise AssertionError("decoded twice")

    threads = [
        Thread(target=lambda: loaded.append(cached("x", "key", first))),
        Thread(target=lambda: loaded.append(cached("x", "key", unwanted))),
    ]
    threads[0].start()
    assert started.wait(60)
    threads[1].start()
    threads[1].join(0.2)
    assert threads[1].is_alive()
    told.set()
    for thread in threads:
        thread.join(60)
    same(*loaded)


LOAD = """
import sys
from nas.data import load
told = []
dataset = load(sys.argv[1], on_progress=lambda *numbers: told.append(numbers))
print(bool(told), dataset.train.images.tobytes().hex())
"""


def test_two_processes_that_start_at_once(archive: Path, cache: Path) -> None:
    start = [sys.executable, "-c", LOAD, str(archive)]
    running = [subprocess.Popen(start, stdout=subprocess.PIPE) for _ in range(2)]
    outputs = [process.communicate(timeout=100)[0].split() for process in running]
    assert sorted(told for told, _ in outputs) == [b"False", b"True"]
    assert outputs[0][1] == outputs[1][1]
    assert len(entries(cache)) == 1


def test_a_worker_maps_the_same_file(archive: Path) -> None:
    split = load(str(archive)).train
    pickled = pickle.dumps(split)
    assert split.images[:1].tobytes() not in pickled
    copy = pickle.loads(pickled)
    assert isinstance(copy.images, np.memmap)
    assert np.array_equal(copy.images, split.images)
    assert np.array_equal(copy.labels, split.labels)
    assert Path(copy.images.filename) == split.images.filename


def test_a_part_of_a_mapped_split_is_pickled_as_it_is(archive: Path) -> None:
    whole = load(str(archive)).train
    part = Split(images=whole.images[3:5], labels=whole.labels[3:5])
    copy = pickle.loads(pickle.dumps(part))
    assert np.array_equal(copy.images, whole.images[3:5])
    assert np.array_equal(copy.labels, whole.labels[3:5])


def test_writing_to_images_does_not_change_the_file(archive: Path) -> None:
    split = load(str(archive)).train
    before = np.array(split.images)
    copy = pickle.loads(pickle.dumps(split))
    split.images[:] = 0
    copy.images[:] = 1
    assert np.array_equal(load(str(archive)).train.images, before)


def test_digits_need_no_cache(cache: Path) -> None:
    load("digits")
    assert not cache.exists()


def test_the_cache_is_where_caches_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NAS_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    if sys.platform == "linux":
        assert cache_folder() == Path("/somewhere/nas/data")
