"""Data that no search can use: one line that names the place and the remedy."""

import io
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from made import made, picture, save_cifar_binary, save_idx, save_npz, save_pngs
from PIL import Image

from nas.data import load
from nas.errors import ConfigError, DataError

Make = Callable[[Path], object]
"""Writes something into an empty folder; what it returns is the source."""


def npz(**arrays: object) -> Make:
    def make(folder: Path) -> Path:
        np.savez(folder / "a.npz", **arrays)
        return folder / "a.npz"

    return make


def function(body: str) -> Make:
    def make(folder: Path) -> str:
        (folder / "mine.py").write_text(f"import numpy as np\ndef data():\n {body}\n")
        return f"{folder / 'mine.py'}:data"

    return make


def classes(**counts: int) -> Make:
    """Class folders of that many images each."""

    def make(folder: Path) -> Path:
        for name, count in counts.items():
            (folder / name).mkdir()
            for number, image in enumerate(made()["train"][0][:count]):
                picture(image + len(name)).save(folder / name / f"{number}.png")
        return folder

    return make


def idx(name: str, change: Callable[[bytes], bytes | None]) -> Make:
    """IDX files one of which is changed, or taken away."""

    def make(folder: Path) -> Path:
        save_idx(made(), folder, ".gz" if name.endswith(".gz") else "")
        data = change((folder / name).read_bytes())
        (folder / name).unlink()
        if data is not None:
            (folder / name).write_bytes(data)
        return folder

    return make


def folders(*names: str) -> Make:
    """Images in folders within folders."""

    def make(folder: Path) -> Path:
        for name in names:
            (folder / name).mkdir(parents=True)
            for number, image in enumerate(made()["train"][0][:8]):
                picture(image).save(folder / name / f"{number}.png")
        return folder

    return make


def short_cifar(folder: Path) -> Path:
    save_cifar_binary(made(3, 32), folder)
    with (folder / "test_batch.bin").open("ab") as file:
        file.write(b"?")
    return folder


def damaged_npz(folder: Path) -> Path:
    path = save_npz(made(), folder / "a.npz")
    data = bytearray(path.read_bytes())
    data[200:400] = bytes(200)
    path.write_bytes(data)
    return path


def short_npz(folder: Path) -> Path:
    """An archive whose header tells of more images than there are."""
    whole, part = io.BytesIO(), np.zeros((10, 4, 4), np.uint8)
    np.save(whole, np.zeros((900, 4, 4), np.uint8))
    with zipfile.ZipFile(folder / "a.npz", "w") as archive:
        archive.writestr("x.npy", whole.getvalue()[: 128 + part.nbytes])
        labels = io.BytesIO()
        np.save(labels, np.arange(900) % 2)
        archive.writestr("y.npy", labels.getvalue())
    return folder / "a.npz"


def text_file(name: str) -> Make:
    def make(folder: Path) -> Path:
        (folder / name).write_text("hello")
        return folder / name

    return make


X = made()["train"][0][:, 0]
Y = np.arange(30) % 3
FLOATS = np.where(np.arange(36).reshape(6, 6) == 3, np.nan, X / 255)

BAD: dict[str, tuple[Make, str]] = {
    "empty folder": (lambda f: f, r"holds no images; give one with a folder of"),
    "images without classes": (
        lambda f: folders("x")(f) / "x",
        r"holds images but no class folders; sort them",
    ),
    "empty classes": (lambda f: (f / "a").mkdir() or f, r"holds no images; give"),
    "one class": (classes(cat=5), r"only one class, 'cat'; a classifier needs at l"),
    "a class of one": (
        classes(cat=5, owl=1),
        r"class 'owl' has 1 image; a class needs at least 3: add images",
    ),
    "test without train": (
        folders("test/a", "test/b"),
        r"has test but no train; call the folder of training images train",
    ),
    "two validations": (
        folders("train/a", "train/b", "val/a", "valid/a"),
        r"both val and valid, which mean the same split; join them",
    ),
    "a new class in test": (
        folders("train/a", "train/b", "test/c"),
        r"test has the label 'c', of which train has no image; add some",
    ),
    "lengths": (npz(x=X, y=Y[:-1]), r"a.npz: x has 30 images but y has 29 labels"),
    "NaN": (npz(x=FLOATS, y=Y), r"x\[0\] holds NaN or infinity; mend or drop"),
    "infinity": (
        npz(x=np.where(np.isnan(FLOATS), np.inf, FLOATS), y=Y),
        r"x\[0\] holds NaN or infinity; mend or drop",
    ),
    "NaN in labels": (
        npz(x=X, y=np.where(Y == 1, np.nan, Y)),
        r"y\[1\] is nan; give every image a label",
    ),
    "fractions": (npz(x=X, y=Y / 2), r"y must hold whole numbers or names; got frac"),
    "one-hot": (npz(x=X, y=np.eye(3)[Y]), r"\(30, 3\); turn one-hot rows into label"),
    "normalised": (
        npz(x=X / 50 - 2, y=Y),
        r"x has values from -2 to 3.1; images must be .*: undo the normalisation",
    ),
    "16 bits": (
        npz(x=X.astype(np.uint16) * 257, y=Y),
        r"x has values from 0 to 65535; images must be uint8",
    ),
    "flat": (npz(x=X.reshape(30, 36), y=Y), r"x must have the shape \(N, H, W\), "),
    "no channels": (npz(x=np.zeros((30, 9, 9, 9)), y=Y), r"x must have 1 to 4 channe"),
    "no pixels": (npz(x=X[:, :0], y=Y), r"x must have pixels; got the shape"),
    "complex": (npz(x=X + 1j, y=Y), r"x must hold numbers; got complex128; save"),
    "objects": (
        npz(x=np.array([*X], dtype=object), y=Y),
        r"a.npz: x holds pickled objects, which could run code and are not loaded",
    ),
    "objects as labels": (
        npz(x=X, y=Y.astype(str).astype(object)),
        r"a.npz: y holds pickled objects, which could run code and are not loaded",
    ),
    "no such arrays": (npz(a=X, b=Y), r"must have x and y, or x_train.*; got a, b$"),
    "half a split": (npz(x_train=X), r"has x_train but no y_train; save both"),
    "all and train": (
        npz(x=X, y=Y, x_train=X, y_train=Y),
        r"has x, y and splits besides; call the training images x_train",
    ),
    "no images": (npz(x=X[:0], y=Y[:0]), r"has no images; a classifier needs at le"),
    "an empty split": (
        npz(x_train=X, y_train=Y, x_test=X[:0], y_test=Y[:0]),
        r"test has no images; add some or leave it out",
    ),
    "shapes of splits": (
        npz(x_train=X, y_train=Y, x_test=X[:, :5], y_test=Y),
        r"train are \(C, H, W\) = \(1, 6, 6\), those of test \(1, 5, 6\); give both",
    ),
    "numbers and names": (
        npz(x_train=X, y_train=Y, x_test=X, y_test=Y.astype(str)),
        r"the labels of one of train and test are numbers and of the other names",
    ),
    "all the same": (npz(x=np.zeros_like(X), y=Y), r"identical; add different ones"),
    "damaged archive": (damaged_npz, r"a.npz: x_train.npy is damaged .*; save the fi"),
    "short archive": (short_npz, r"a.npz: x.npy ends after 10 of 900 images; get"),
    "no archive": (text_file("a.npz"), r"a.npz is not an archive of arrays .*; write"),
    "another file": (text_file("a.csv"), r"a.csv is no data set: give a .npz file"),
    "an archive of files": (text_file("a.zip"), r"a.zip is no data set: unpack it"),
    "only images": (
        idx("t10k-labels-idx1-ubyte", lambda _: None),
        r"has t10k-images-idx3-ubyte but no t10k-labels-idx1-ubyte; put both there",
    ),
    "a truncated download": (
        idx("train-images-idx3-ubyte.gz", lambda data: data[:300]),
        r"train-images-idx3-ubyte.gz is truncated or damaged .*; get the file again",
    ),
    "a truncated file": (
        idx("train-images-idx3-ubyte", lambda data: data[:-40]),
        r"train-images-idx3-ubyte ends after 28 of 30 images; get the file again",
    ),
    "no IDX": (
        idx("train-images-idx3-ubyte", lambda _: b"<html>"),
        r"not an IDX file of bytes in 3 dimensions \(it starts with 3c 68 74 6d\); get",
    ),
    "two sets of IDX": (
        lambda f: save_idx(made(), save_idx(made(), f), prefix="emnist-digits-"),
        r"2 data sets \(emnist-digits, mnist\); name a file of one, such as .*-ubyte",
    ),
    "a byte too many": (
        short_cifar,
        r"test_batch.bin must hold records of 3,073 bytes; got .*; get the file again",
    ),
    "raises": (
        function("raise KeyError('no disk')"),
        r"mine.py:data raised KeyError: 'no disk' \(.*mine.py, line 3\); mend it",
    ),
    "exits": (function("raise SystemExit(3)"), r"mine.py:data raised SystemExit: 3 "),
    "syntax": (function("return ("), r"raised SyntaxError: .*mine.py, line 3\); mend"),
    "None": (function("return None"), r"must return a dict .*; got NoneType$"),
    "ragged": (
        function("return [np.zeros((4, 4)), np.zeros((5, 5))], [0, 1]"),
        r"mine.py:data raised ValueError: .*; mend it and try again",
    ),
    "object array": (
        function("return np.array([None] * 9), np.arange(9)"),
        r"x must be an array of numbers, or of strings for labels; got one of objec",
    ),
    "another function": (
        lambda f: f"{function('pass')(f)}s",
        r"mine.py: unknown function 'datas': did you mean 'data'\?",
    ),
    "no module": (
        lambda f: "no_such_module:data",
        r"no_such_module:data raised ModuleNotFoundError: No module named .*; mend",
    ),
    "no file": (lambda f: f"{f / 'no.py'}:data", r"no.py does not exist; check the"),
    "no function": (
        lambda f: function("pass")(f)[:-5],
        r"mine.py is no data set: name",
    ),
    "no hub name": (lambda f: "hf:", r"'hf:' names no data set; give hf:NAME or hf:P"),
    "no hub path": (lambda f: "hf:./no", r"./no does not exist; check the path after"),
    "no path": (
        lambda f: (f / "faces").mkdir() or f / "face" / "train",
        r"/face does not exist: did you mean .*/faces\?",
    ),
    "a name": (lambda f: "imagenet", r"'imagenet': give one of digits, FOLDER, FILE"),
    "nothing": (lambda f: "", r"unknown data set '': give one of digits, FOLDER, FI"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_data_is_a_line_with_a_remedy(
    what: str, tmp_path: Path, cache: Path
) -> None:
    make, message = BAD[what]
    folder = tmp_path / "data"
    folder.mkdir()
    with pytest.raises(DataError, match=message) as caught:
        load(str(make(folder)))
    assert "\n" not in str(caught.value)
    left = [path.name for path in cache.iterdir()] if cache.is_dir() else []
    assert all(name.endswith(".lock") for name in left)


@pytest.mark.parametrize("image_size", [0, 3, 1025, True])
def test_an_impossible_size(image_size: int) -> None:
    with pytest.raises(ConfigError, match="image_size must be 4 to 1024 pixels; got"):
        load("digits", image_size=image_size)


def many(folder: Path, count: int = 250) -> Path:
    """Class folders of small images, all different."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, 1, 6, 6), dtype=np.uint8)
    return save_pngs({"": (images, np.arange(count) % 2)}, folder)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


def no_image(path: Path) -> None:
    path.write_text("hello")


def too_large(path: Path) -> None:
    Image.new("1", (13_400, 6_700)).save(path)  # past Pillow's limit, not twice


def far_too_large(path: Path) -> None:
    Image.new("1", (13_400, 13_400)).save(path)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (truncated, r"1/11\.png \(.*truncated.*\)"),
        (no_image, r"1/11\.png \(not an image\)"),
        (too_large, r"1/11\.png \(89,780,000 pixels, more than Pillow's limit of 89,"),
        (far_too_large, r"1/11\.png \(.*exceeds limit.*\)"),
    ],
)
def test_a_bad_image_is_left_out_and_named(
    spoil: Callable[[Path], None],
    reason: str,
    tmp_path: Path,
    recwarn: pytest.WarningsRecorder,
) -> None:
    folder = many(tmp_path / "data")
    spoil(folder / "1" / "11.png")
    dataset = load(str(folder))
    sizes = map(len, (dataset.train, dataset.validation, dataset.test))
    assert sum(sizes) == 249
    assert dataset.unreadable == 1
    assert re.search(
        f"1 images? cannot be read .* left out: {reason}", *dataset.warnings
    )
    assert load(str(folder)).warnings == dataset.warnings
    assert not recwarn.list


def test_many_bad_images_are_an_error(tmp_path: Path) -> None:
    folder = many(tmp_path / "data")
    for name in ("1/11.png", "1/13.png", "0/12.png"):
        no_image(folder / name)
    message = (
        r"3 of 250 images cannot be read, more than 1%: 0/12.png \(not an image\), "
        r".*; mend or remove them"
    )
    with pytest.raises(DataError, match=message):
        load(str(folder))


@contextmanager
def nobody() -> Iterator[None]:
    """Give up the rights of root, who may read everything."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that others may look into."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX permissions")
@pytest.mark.parametrize("name", [".", "1", "1/11.png", "a.npz"])
def test_no_permission_to_read(
    name: str, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(str(many(open_folder / "other", 20)))  # nobody may not import modules
    monkeypatch.setenv("NAS_CACHE_DIR", str(open_folder / "cache"))
    folder = many(open_folder / "data", 20)
    denied = folder / name
    save_npz(made(), folder / "a.npz")
    mode = denied.stat().st_mode
    denied.chmod(0)
    source = denied if name == "a.npz" else folder
    message = f"{denied} cannot be read: Permission denied; make it readable"
    try:
        with nobody(), pytest.raises(DataError, match=re.escape(message)):
            load(str(source))
    finally:
        denied.chmod(mode)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX permissions")
def test_a_cache_that_cannot_be_written(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = open_folder / "locked"
    locked.mkdir(mode=0o755)
    path = save_npz(made(), open_folder / "a.npz")
    load(str(path))  # nobody may not import modules
    monkeypatch.setenv("NAS_CACHE_DIR", str(locked / "cache"))
    if os.geteuid() != 0:
        locked.chmod(0o555)
    message = r"cannot be stored in .*locked.* \(Permission denied\); .* NAS_CACHE_DIR"
    with nobody(), pytest.raises(DataError, match=message):
        load(str(path))
