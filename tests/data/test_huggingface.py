"""Data sets through the library datasets, without a network."""

import io
import socket
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import Splits, made, picture, same, save_npz

from nas.data import load
from nas.errors import DataError


def test_the_library_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError, match=r"needs .* datasets; run pip install 'nas\[hf"):
        load("hf:mnist")


@pytest.fixture
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    library = pytest.importorskip("datasets", reason="needs the extra hf")
    library.disable_progress_bars()
    monkeypatch.setattr(library.config, "HF_DATASETS_CACHE", tmp_path / "hf")
    return library


def table(library: Any, images: np.ndarray, labels: np.ndarray, **kinds: Any) -> Any:
    def encoded(image: np.ndarray) -> bytes:
        file = io.BytesIO()
        picture(image).save(file, "PNG")
        return file.getvalue()

    features = {"img": library.Image(), "label": library.ClassLabel(names=[*"abc"])}
    columns = {
        "img": [{"bytes": encoded(image), "path": None} for image in images],
        "label": labels,
    }
    return library.Dataset.from_dict(
        columns, features=library.Features(features | kinds)
    )


def saved(library: Any, splits: Splits, path: Path, **kinds: Any) -> Path:
    tables = {name: table(library, *pair, **kinds) for name, pair in splits.items()}
    library.DatasetDict(tables).save_to_disk(str(path))
    return path


@pytest.mark.parametrize("channels", [1, 3])
def test_the_same_images(channels: int, datasets: Any, tmp_path: Path) -> None:
    splits = made(channels)
    path = saved(datasets, splits, tmp_path / "hf-data", label=datasets.Value("int64"))
    told: list[int] = []
    dataset = load(f"hf:{path}", on_progress=lambda n, _: told.append(n))
    same(dataset, load(str(save_npz(splits, tmp_path / "a.npz"))))
    assert told[-1] == 42
    told.clear()
    load(f"hf:{path}", on_progress=lambda n, _: told.append(n))
    assert told == []


def test_names_and_splits_are_those_of_the_library(
    datasets: Any, tmp_path: Path
) -> None:
    (train, test) = made().values()
    splits = {"train": train, "valid": test, "extra": test}
    dataset = load(f"hf:{saved(datasets, splits, tmp_path / 'hf-data')}")
    assert dataset.classes == ("a", "b", "c")
    assert dataset.given == ("train", "validation")


def test_a_table_without_splits(datasets: Any, tmp_path: Path) -> None:
    table(datasets, *made()["train"]).save_to_disk(str(tmp_path / "one"))
    dataset = load(f"hf:{tmp_path / 'one'}")
    assert dataset.given == ()
    assert len(dataset.train) + len(dataset.validation) + len(dataset.test) == 30


def test_a_folder_of_parquet(datasets: Any, tmp_path: Path) -> None:
    folder = tmp_path / "parquet"
    folder.mkdir()
    for name, pair in made().items():
        table(datasets, *pair).to_parquet(str(folder / f"{name}.parquet"))
    dataset = load(f"hf:{folder}")
    assert dataset.classes == ("a", "b", "c")
    assert dataset.given == ("train", "test")


def test_a_split_without_labels_is_left_out(datasets: Any, tmp_path: Path) -> None:
    splits = made()
    images, labels = splits["test"]
    splits["test"] = images, np.full_like(labels, -1)
    dataset = load(f"hf:{saved(datasets, splits, tmp_path / 'hf-data')}")
    assert dataset.given == ("train",)
    (warning,) = dataset.warnings
    assert warning.endswith("test has no labels and is ignored")


def test_bad_images_are_named_by_row(datasets: Any, tmp_path: Path) -> None:
    as_stored = datasets.Image(decode=False)
    found = table(datasets, *made()["train"]).cast_column("img", as_stored)
    images = found["img"][:]
    images[4] = {"bytes": b"x", "path": None}
    features = datasets.Features(img=datasets.Image(), label=datasets.Value("int64"))
    columns = {"img": images, "label": found["label"][:]}
    broken = datasets.Dataset.from_dict(columns, features=features)
    broken.save_to_disk(str(tmp_path / "one"))
    with pytest.raises(DataError, match=r"1 of 30 .*: all\[4\] \(not an image\); mend"):
        load(f"hf:{tmp_path / 'one'}")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"x": [1, 2], "label": [0, 1]},
            "column of images and one of labels; got x",
        ),
        ({"img": None, "other": [0, 1]}, "column of images and one of labels; got img"),
        ({"img": None, "label": [0.5, 1.5]}, "label must be a label an image; got Val"),
    ],
)
def test_columns_that_are_missing(
    columns: dict[str, Any], message: str, datasets: Any, tmp_path: Path
) -> None:
    found = table(datasets, *(array[:2] for array in made()["train"]))
    chosen = {name: found[name] if v is None else v for name, v in columns.items()}
    features = {"img": datasets.Image()} if "img" in columns else {}
    for name in columns.keys() - features.keys():
        kind = "float32" if isinstance(columns[name][0], float) else "int64"
        features[name] = datasets.Value(kind)
    given = datasets.Features({name: features[name] for name in columns})
    path = str(tmp_path / "one")
    datasets.Dataset.from_dict(chosen, features=given).save_to_disk(path)
    with pytest.raises(DataError, match=message):
        load(f"hf:{path}")


def test_splits_without_train(datasets: Any, tmp_path: Path) -> None:
    _, test = made().values()
    path = saved(datasets, {"test": test, "extra": test}, tmp_path / "hf-data")
    with pytest.raises(DataError, match=r"splits (test|extra), \w+ but no train; save"):
        load(f"hf:{path}")


def test_a_folder_of_something_else(datasets: Any, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "state.json").write_text("{}")
    with pytest.raises(
        DataError, match=r"cannot be read .*; give a folder that save_to"
    ):
        load(f"hf:{tmp_path / 'one'}")


@pytest.mark.parametrize("source", ["hf:nobody/nothing", "hf:nothing:small"])
def test_without_a_network_it_does_not_wait(
    source: str, datasets: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    # A server that never accepts stands in for a network that swallows everything.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        address = server.getsockname()
        held = []
        for _ in range(4):  # connections wait once its queue is full
            held.append(socket.socket())
            held[-1].setblocking(False)
            held[-1].connect_ex(address)
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{address[1]}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.delenv("http_proxy", raising=False)
        monkeypatch.delenv("HTTP_PROXY", raising=False)
        monkeypatch.setattr("nas.data.sources.huggingface.ANSWER_SECONDS", 0.2)
        before, real, seen = constants.HF_HUB_OFFLINE, datasets.load_dataset, []

        def load_dataset(*arguments: Any) -> Any:
            seen.append((constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE))
            return real(*arguments)

        monkeypatch.setattr(datasets, "load_dataset", load_dataset)
        with pytest.raises(
            DataError, match=r"is not on this machine, and .* does not an"
        ):
            load(source)
        assert before == constants.HF_HUB_OFFLINE
        assert seen == [(True, True)]
        for connection in held:
            connection.close()
