"""Decoded data sets on disk, from where they are mapped into memory."""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from nas.data.dataset import Dataset, Split
from nas.data.decode import Allocate
from nas.data.sources.base import SPLITS
from nas.errors import DataError

FOLDER_VARIABLE: Final = "NAS_CACHE_DIR"
"""The environment variable that moves the cache."""

_FORMAT: Final = 2
"""Raised whenever the same source would give other arrays, or be stored otherwise."""

_FACTS: Final = "facts.json"


def cache_folder() -> Path:
    """Return the folder of decoded data sets, which may be deleted at any time.

    It is ``$NAS_CACHE_DIR``, or ``nas`` where the system keeps its users' caches.
    """
    return _root() / "data"


def sheet_folder() -> Path:
    """Return the folder of contact sheets, beside that of the decoded data sets."""
    return _root() / "sheets"


def _root() -> Path:
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("nas", appauthor=False)


def cached(
    stem: str, identity: object, assemble: Callable[[Allocate], Dataset]
) -> Dataset:
    """Return the data set as it was stored, or store it first.

    Whoever comes first decodes; others who want the same data wait for them. What is
    stored appears whole or not at all.

    Args:
        stem: what the name of the stored folder starts with.
        identity: plain data that is another whenever the arrays may be.
        assemble: makes the data set, in arrays that it is given.

    Raises:
        DataError: when the folder cannot be written, or what ``assemble`` raises.
    """
    text = json.dumps([_FORMAT, identity])
    key = blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()
    entry = cache_folder() / f"{re.sub(r'[^a-zA-Z0-9_-]+', '-', stem)[:40]}-{key}"
    found = _stored(entry)
    if found is None:
        with _owned(entry):
            found = _stored(entry)  # another process may have stored it meanwhile
            if found is None:
                _store(entry, assemble)
                found = _stored(entry)
    assert found is not None, entry
    return found


def _store(entry: Path, assemble: Callable[[Allocate], Dataset]) -> None:
    partial = entry.with_name(f"{entry.name}.partial")
    try:
        with _writing(entry.parent):
            shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed
            partial.mkdir()
        dataset = assemble(_files_in(partial))
        facts = {
            field.name: getattr(dataset, field.name)
            for field in fields(dataset)
            if field.name not in SPLITS
        }
        with _writing(entry.parent):
            for split in SPLITS:
                labels = getattr(dataset, split).labels
                np.save(partial / f"{split}-labels.npy", labels)
            for file in partial.glob("decoded-*"):
                file.unlink()
            (partial / _FACTS).write_text(json.dumps(facts))
            shutil.rmtree(entry, ignore_errors=True)  # one that is damaged
            partial.replace(entry)
    except BaseException:  # Ctrl-C, too: what is half done may be large
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _stored(entry: Path) -> Dataset | None:
    """Return what is stored, or None when there is nothing, or only parts of it."""
    try:
        facts = json.loads((entry / _FACTS).read_text())
        splits: dict[str, Any] = {
            split: Split(
                # Copy on write: what is written by mistake never reaches the file.
                images=np.load(entry / f"{split}.npy", mmap_mode="c"),
                labels=np.load(entry / f"{split}-labels.npy"),
            )
            for split in SPLITS
        }
    except (FileNotFoundError, ValueError, EOFError):
        return None
    facts = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in facts.items()
    }
    return Dataset(**facts, **splits)


def _files_in(folder: Path) -> Allocate:
    def allocate(name: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        path = folder / f"{name}.npy"
        with _writing(folder.parent):
            array = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
            # A full disk would otherwise kill the process while it writes.
            if hasattr(os, "posix_fallocate") and array.nbytes:
                with path.open("r+b") as file:
                    os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        return array

    return allocate


@contextmanager
def _owned(entry: Path) -> Iterator[None]:
    """Be the only process that stores this entry."""
    lock = FileLock(entry.with_name(f"{entry.name}.lock"))
    with _writing(entry.parent):
        entry.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"decoded images cannot be stored in {folder} ({error.strerror or error}); "
            f"make room there, or name another folder in {FOLDER_VARIABLE}"
        ) from error
