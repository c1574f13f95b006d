"""The IDX files of MNIST and the data sets made in its image."""

import gzip
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, final

import numpy as np
from numpy.typing import NDArray

from nas.data.sources.arrays import Arrays, parts_of
from nas.data.sources.base import ALL, Opened, Source
from nas.data.sources.rows import Rows, streamed
from nas.data.sources.stat import state_of
from nas.errors import DataError

_NAME: Final = re.compile(
    r"(?P<set>.*?)(?P<split>train|t10k|test)-(?P<what>images|labels)[-.]idx[13]-ubyte"
    r"(\.gz)?",
    re.IGNORECASE,
)
_SPLITS: Final = {"train": "train", "t10k": "test", "test": "test"}
_UINT8: Final = 8

Files = dict[str, dict[str, Path]]
"""The path of "images" and "labels" by split."""


@final
@dataclass(frozen=True, slots=True)
class Idx(Source):
    """The files of one data set, such as ``train-images-idx3-ubyte.gz``.

    ``path`` is a folder that holds those of just one, or a file of the one meant.
    """

    path: Path

    @staticmethod
    def recognises(path: Path) -> bool:
        """Tell whether there are such files in a folder, or whether a file is one."""
        if path.is_file():
            return _NAME.fullmatch(path.name) is not None
        return any(
            _NAME.fullmatch(file.name) and file.is_file() for file in path.iterdir()
        )

    @property
    def place(self) -> str:
        """The folder or file."""
        return str(self.path)

    def state(self) -> str:
        """Return the names, sizes and times of change of the files."""
        return state_of(
            path for pair in self._files()[1].values() for path in pair.values()
        )

    def open(self) -> Opened:
        """Return the splits there are files of."""
        prefix, files = self._files()
        splits = {}
        for split, pair in files.items():
            images = _rows(pair["images"], ndim=3)
            if prefix.startswith("emnist"):
                images = _upright(images)
            labels = np.concatenate(list(_rows(pair["labels"], ndim=1).blocks()))
            splits[split] = Arrays(
                pair["images"].name, images, pair["labels"].name, labels
            )
        if set(splits) == {"test"}:
            splits = {ALL: splits["test"]}
        names = _emnist_names(self._folder / f"{prefix}mapping.txt")
        return Opened(parts=parts_of(self.place, splits), names=names)

    @property
    def _folder(self) -> Path:
        return self.path if self.path.is_dir() else self.path.parent

    def _files(self) -> tuple[str, Files]:
        """Return what the names of the data set's files start with, and the files."""
        found: dict[str, Files] = {}
        for path in sorted(self._folder.iterdir()):
            if (match := _NAME.fullmatch(path.name)) and path.is_file():
                split = _SPLITS[match["split"].lower()]
                files = found.setdefault(match["set"].lower(), {})
                # A plain file sorts ahead of the same one with .gz.
                files.setdefault(split, {}).setdefault(match["what"].lower(), path)
        if self.path.is_file():
            match = _NAME.fullmatch(self.path.name)
            assert match is not None
            prefix = match["set"].lower()
        elif len(found) > 1:
            example = next(iter(found[max(found)].values()))
            raise DataError(
                f"{self.path} holds {len(found)} data sets "
                f"({', '.join(name.strip('-') or 'mnist' for name in found)}); "
                f"name a file of one, such as {next(iter(example.values()))}"
            )
        else:
            prefix = next(iter(found))
        for pair in found[prefix].values():
            for has, lacks in (("images", "labels"), ("labels", "images")):
                if has in pair and lacks not in pair:
                    name = pair[has].name.replace(has, lacks)
                    digit = "1" if lacks == "labels" else "3"
                    missing = re.sub("idx[13]", f"idx{digit}", name)
                    raise DataError(
                        f"{self._folder} has {pair[has].name} but no {missing}; "
                        "put both there"
                    )
        return prefix, found[prefix]


def _rows(path: Path, ndim: int) -> Rows:
    """Return the rows of a file of bytes."""
    with _opened(path) as file:
        magic = file.read(4)
        if len(magic) < 4 or magic[:3] != bytes((0, 0, _UINT8)) or magic[3] != ndim:
            raise DataError(
                f"{path} is not an IDX file of bytes in {ndim} dimensions (it starts "
                f"with {magic.hex(' ')}); get the file again"
            )
        lengths = file.read(4 * ndim)
        if len(lengths) < 4 * ndim:
            raise DataError(f"{path} ends in its header; get the file again")
        shape = struct.unpack(f">{ndim}I", lengths)

    @contextmanager
    def open_rows() -> Iterator[IO[bytes]]:
        with _opened(path) as file:
            file.read(4 + 4 * ndim)
            yield file

    return streamed(str(path), shape, np.dtype(np.uint8), open_rows)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        opened: Any = gzip.open if path.suffix == ".gz" else Path.open
        with opened(path, "rb") as file:
            yield file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path} is truncated or damaged ({error}); get the file again"
        ) from error


def _upright(rows: Rows) -> Rows:
    """Return the images of EMNIST as they are meant: its files have them transposed."""

    def blocks() -> Iterator[NDArray[np.uint8]]:
        for block in rows.blocks():
            yield block.transpose(0, 2, 1)

    count, height, width = rows.shape
    return Rows(shape=(count, width, height), dtype=rows.dtype, blocks=blocks)


def _emnist_names(path: Path) -> Mapping[int, str] | None:
    """Return the characters of EMNIST's labels, where its mapping file is there.

    Its lines are a label and the codes of the characters that count as one.
    """
    if not path.is_file():
        return None
    names = {}
    try:
        for line in path.read_text().splitlines():
            label, *codes = map(int, line.split())
            names[label] = "/".join(map(chr, codes))
    except (ValueError, OverflowError) as error:
        raise DataError(
            f"{path}: a line must be a label and codes of characters: {error}; get the "
            "file again"
        ) from error
    return names
