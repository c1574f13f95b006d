"""Data sets of the Hugging Face hub, and local ones in its formats."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, Self, final

import numpy as np

from nas.data.sources.base import ALL, Block, Opened, Part, Source
from nas.data.sources.stat import state_of
from nas.errors import DataError

if TYPE_CHECKING:
    from nas.data.pictures import Plan

ANSWER_SECONDS: Final = 3.0
"""How long the hub may take to answer before what is on this machine has to do."""

_SPLITS: Final = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
}
_LABELS: Final = ("label", "labels", "fine_label", "class", "target")
_UNLABELLED: Final = -1


@final
@dataclass(frozen=True)
class HuggingFace(Source):
    """``hf:NAME``, ``hf:NAME:CONFIG`` or ``hf:PATH``, through the library datasets.

    ``path`` is a folder that ``save_to_disk`` wrote, or one of Parquet files and the
    like; ``name`` is on the hub, unless it has been downloaded before.
    """

    name: str
    config: str | None = None
    path: Path | None = None
    image_size: int | None = None

    @classmethod
    def parse(cls, source: str, image_size: int | None) -> Self:
        """Return what a text that starts with "hf:" stands for.

        Raises:
            DataError: when it names nothing.
        """
        text = source.removeprefix("hf:")
        path = Path(text).expanduser()
        if text and path.exists():
            return cls(name=text, path=path, image_size=image_size)
        name, _, config = text.partition(":")
        if not name:
            raise DataError(f"{source!r} names no data set; give hf:NAME or hf:PATH")
        if name.startswith((".", "/", "~")):
            raise DataError(f"{name} does not exist; check the path after hf:")
        return cls(name=name, config=config or None, image_size=image_size)

    @property
    def place(self) -> str:
        """The name as it was given."""
        return f"hf:{self.name}" + (f":{self.config}" if self.config else "")

    def state(self) -> str:
        """Return the paths, sizes and times of change of the files it is stored in."""
        return self.place + state_of(
            Path(file["filename"])
            for _, table in sorted(self._tables.items())
            for file in table.cache_files
        )

    def open(self) -> Opened:
        """Return the splits; their images are decoded when they are read."""
        from nas.data.pictures import plan

        datasets = _library()
        warnings = []
        tables, labels = {}, {}
        names: dict[int, str] | None = None
        for split, table in self._tables.items():
            image, label = self._columns(table.features, datasets)
            found = np.array(table[label][:])
            if found.dtype.kind == "i" and (found == _UNLABELLED).all():
                warnings.append(f"{self.place}: {split} has no labels and is ignored")
                continue
            if found.dtype.kind not in "iuU":
                raise DataError(
                    f"{self.place}: {label} must be a label an image; "
                    f"got {table.features[label]}"
                )
            if isinstance(table.features[label], datasets.ClassLabel):
                names = dict(enumerate(table.features[label].names))
            as_stored = table.cast_column(image, datasets.Image(decode=False))
            tables[split] = as_stored.select_columns([image]).rename_column(
                image, "image"
            )
            labels[split] = found
        if not tables.keys() & {ALL, "train"}:
            raise DataError(f"{self.place} has no labelled train split; choose another")
        first = next(iter(tables.values()))
        how = plan(range(len(first)), partial(_picture_at, first), self.image_size)
        parts = {
            split: Part(
                labels=labels[split],
                shape=(3, *how.size),
                read=partial(_read, split, tables[split], how),
            )
            for split in tables
        }
        return Opened(
            parts=parts, names=names, warnings=tuple(warnings), grey_if_equal=True
        )

    @cached_property
    def _tables(self) -> dict[str, Any]:
        """The table of each split."""
        found = self._load()
        if not isinstance(found, Mapping):
            return {ALL: found}
        splits = {
            _SPLITS[name]: table for name, table in found.items() if name in _SPLITS
        }
        if "train" in splits:
            return splits
        if len(found) == 1:
            return {ALL: next(iter(found.values()))}
        raise DataError(
            f"{self.place} has the splits {', '.join(found)} but no train; "
            "save the one to search on with save_to_disk and give hf:PATH"
        )

    def _load(self) -> Any:
        datasets = _library()
        if self.path is None:
            is_online = _answers()
            with _offline(datasets, not is_online):
                try:
                    return datasets.load_dataset(self.name, self.config)
                except Exception as error:
                    raise DataError(self._failed(error, is_online)) from error
        try:
            if any((self.path / name).is_file() for name in _SAVED):
                return datasets.load_from_disk(str(self.path))
            with _offline(datasets, True):
                return datasets.load_dataset(str(self.path))
        except Exception as error:
            raise DataError(
                f"{self.place} cannot be read ({_first_line(error)}); give a folder "
                "that save_to_disk wrote, or one of Parquet files"
            ) from error

    def _failed(self, error: Exception, is_online: bool) -> str:
        if is_online:
            return (
                f"{self.place} cannot be loaded ({_first_line(error)}); check the name "
                "on huggingface.co/datasets, and whether it needs a login or a config"
            )
        return (
            f"{self.place} is not on this machine, and huggingface.co does not answer; "
            "connect to the network, or save it with save_to_disk elsewhere and give "
            "hf:PATH"
        )

    def _columns(self, features: Mapping[str, Any], library: Any) -> tuple[str, str]:
        """Return the names of the columns of images and of labels."""
        images = [
            name for name, kind in features.items() if isinstance(kind, library.Image)
        ]
        labels = [name for name in _LABELS if name in features] or [
            name
            for name, kind in features.items()
            if isinstance(kind, library.ClassLabel)
        ]
        if not images or not labels:
            raise DataError(
                f"{self.place} must have a column of images and one of labels; "
                f"got {', '.join(features)}; write its arrays to a .npz file"
            )
        return images[0], labels[0]


_SAVED: Final = ("dataset_dict.json", "state.json")
"""Files of which ``save_to_disk`` writes one."""


def _library() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise DataError(
            "hf: needs the library datasets; run pip install 'nas[hf]'"
        ) from error
    return datasets


def _read(split: str, table: Any, how: "Plan") -> Iterator[Block]:
    from nas.data.pictures import read_blocks

    picture_of = partial(_picture_at, table)
    return read_blocks(range(len(table)), picture_of, f"{split}[{{}}]".format, how)


def _picture_at(table: Any, row: int) -> bytes | Path:
    image = table[row]["image"]
    if image["bytes"] is not None:
        data: bytes = image["bytes"]
        return data
    return Path(image["path"])


def _answers() -> bool:
    """Tell whether the hub, or the proxy on the way there, takes connections.

    The library itself tries again for half a minute before it gives up.
    """
    from urllib.parse import urlsplit
    from urllib.request import getproxies

    endpoint = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    scheme = urlsplit(endpoint).scheme
    address = urlsplit(getproxies().get(scheme) or endpoint)
    port = address.port or (80 if address.scheme == "http" else 443)
    answers: list[bool] = []

    def connect() -> None:
        try:
            socket.create_connection((address.hostname, port), ANSWER_SECONDS).close()
        except OSError:
            return
        answers.append(True)

    # In a thread, because looking up a name has no time limit.
    thread = Thread(target=connect, daemon=True)
    thread.start()
    thread.join(ANSWER_SECONDS)
    return bool(answers)


@contextmanager
def _offline(datasets: Any, is_offline: bool) -> Iterator[None]:
    """Have the library look on this machine only, which it decides when it loads."""
    from huggingface_hub import constants

    places: tuple[Any, ...] = (datasets.config, constants)
    before = [place.HF_HUB_OFFLINE for place in places]
    if is_offline:
        for place in places:
            place.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        for place, value in zip(places, before, strict=True):
            place.HF_HUB_OFFLINE = value


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0][:200]
