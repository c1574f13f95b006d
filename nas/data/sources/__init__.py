"""What ``--data`` takes, and the source that each form of it stands for."""

import os
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from nas.data.sources.base import Source
from nas.data.sources.cifar import CifarBinary, CifarPython
from nas.data.sources.class_folders import ClassFolders
from nas.data.sources.digits import Digits
from nas.data.sources.huggingface import HuggingFace
from nas.data.sources.idx import Idx
from nas.data.sources.npz import Npz
from nas.data.sources.python_function import PythonFunction
from nas.errors import DataError, unknown

FORMS: Final = (
    "digits",
    "FOLDER",
    "FILE.npz",
    "hf:NAME[:CONFIG]",
    "hf:PATH",
    "FILE.py:FUNCTION",
    "MODULE:FUNCTION",
)
"""The forms of a source."""

NAMED: Final[dict[str, Callable[[], Source]]] = {"digits": Digits}

FOLDERS: Final = (Idx, CifarBinary, CifarPython)
"""Kinds of folders that are known by their files; any other has class folders."""

_INNER: Final = (
    "raw",
    "cifar-10-batches-bin",
    "cifar-10-batches-py",
    "cifar-100-binary",
    "cifar-100-python",
)
"""Folders that such files are unpacked to, inside of the one that is often given."""

_OTHER_FILES: Final = {
    ".npy": "save images and labels together with numpy.savez(file, x=..., y=...)",
    ".py": "name its function, as in FILE.py:FUNCTION",
    ".zip": "unpack it and give the folder",
    ".tar": "unpack it and give the folder",
    ".gz": "unpack it and give the folder",
    ".tgz": "unpack it and give the folder",
}


def resolve(source: str, image_size: int | None) -> Source:
    """Return what a source stands for. A file or folder wins over the other forms.

    Args:
        source: as a user types it.
        image_size: the side that image files are decoded to, None for a suitable one.

    Raises:
        DataError: when it stands for nothing.
    """
    if source in NAMED:
        return NAMED[source]()
    path = Path(source).expanduser()
    if source and _exists(path):
        return _folder(path, image_size) if path.is_dir() else _file(path)
    if source.startswith("hf:"):
        return HuggingFace.parse(source, image_size)
    if (function := PythonFunction.parse(source)) is not None:
        return function
    if _is_like_a_path(source):
        raise DataError(_missing(path))
    close = get_close_matches(source.lower(), NAMED, n=1)
    if close:
        raise DataError(unknown("data set", source, NAMED))
    raise DataError(f"unknown data set {source!r}: give one of {', '.join(FORMS)}")


def anchored(source: str) -> str:
    """Return a source that means the same in every working directory.

    The paths in it become absolute; names of data sets and of modules stay.
    """
    path = Path(source).expanduser()
    if source in NAMED:
        return source
    if source and _exists(path):
        return str(path.absolute())
    form, _, rest = source.partition(":")
    if form == "hf":
        path = Path(rest).expanduser()
        return f"hf:{path.absolute()}" if rest and _exists(path) else source
    file, _, function = source.rpartition(":")
    if file.endswith(".py"):
        return f"{Path(file).expanduser().absolute()}:{function}"
    return source


def _folder(path: Path, image_size: int | None) -> Source:
    for kind in FOLDERS:
        if kind.recognises(path):
            return kind(path)
    for inner in (path / name for name in _INNER):
        if inner.is_dir() and any(kind.recognises(inner) for kind in FOLDERS):
            return _folder(inner, image_size)
    return ClassFolders(path, image_size)


def _file(path: Path) -> Source:
    if not path.is_file():  # who reads a pipe may wait for ever
        raise DataError(f"{path} is no regular file; give a file or a folder")
    if path.suffix.lower() == ".npz":
        return Npz(path)
    if Idx.recognises(path):
        return Idx(path)
    remedy = _OTHER_FILES.get(
        path.suffix.lower(),
        "give a .npz file, an IDX file or a folder",
    )
    raise DataError(f"{path} is no data set: {remedy}")


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError as error:
        if isinstance(error, PermissionError):
            raise
        return False  # a name that no file can have
    return True


def _is_like_a_path(source: str) -> bool:
    separators = {"/", os.sep}
    return (
        any(mark in source for mark in separators)
        or source.startswith((".", "~"))
        or Path(source).suffix.lower() in {".npz", ".gz", *_OTHER_FILES}
    )


def _missing(path: Path) -> str:
    """Return what is wrong with a path that does not exist, and what may be meant."""
    there = path
    while not _exists(there) and there != there.parent:
        path, there = there, there.parent
    siblings = [item.name for item in there.iterdir()] if there.is_dir() else []
    close = get_close_matches(path.name, siblings, n=1)
    remedy = f"did you mean {there / close[0]}?" if close else "check the path"
    return f"{path} does not exist: {remedy}"
