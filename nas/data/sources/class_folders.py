"""A folder of class folders of image files."""

import os
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Final, final

import numpy as np

from nas.data.sources.base import ALL, Block, Opened, Part, Source
from nas.errors import DataError

if TYPE_CHECKING:
    from nas.data.pictures import Plan

SPLIT_FOLDERS: Final = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
"""What a folder of class folders may be called, in any case, to be a split."""

File = tuple[str, int, int]
"""A file's name, size in bytes and time of its last change in nanoseconds."""

Classes = dict[str, list[File]]
"""The image files of each class folder."""


@final
@dataclass(frozen=True)
class ClassFolders(Source):
    """``CLASS/image.png`` or ``train/CLASS/image.png``, for any image Pillow reads.

    Hidden files, folders in class folders and files that are no images are left out.
    """

    path: Path
    image_size: int | None = None

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.path)

    def state(self) -> str:
        """Return a digest of the names, sizes and times of change of all files."""
        digest = blake2b(str(self.path.resolve()).encode("utf-8", "replace"))
        for split, classes in self._found.splits.items():
            for name, files in classes.items():
                digest.update(repr((split, name, files)).encode("utf-8", "replace"))
        return digest.hexdigest()

    def open(self) -> Opened:
        """Return the splits; their images are decoded when they are read."""
        from nas.data.pictures import plan

        paths, labels = {}, {}
        for split, classes in self._found.splits.items():
            above = self._found.folders[split]
            files = [
                (name, above / name / file)
                for name in classes
                for file, _, _ in classes[name]
            ]
            labels[split] = np.array([name for name, _ in files])
            paths[split] = [path for _, path in files]
        how = plan(list(chain(*paths.values())), _itself, self.image_size)
        parts = {
            split: Part(
                labels=labels[split],
                shape=(3, *how.size),
                read=partial(_read, self.path, paths[split], how),
            )
            for split in paths
        }
        return Opened(parts=parts, warnings=self._found.warnings, grey_if_equal=True)

    @cached_property
    def _found(self) -> "_Found":
        # Looking through a large folder takes a while, and both of the above need it.
        return _look(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The classes of each split and its folder, and what was left out."""

    splits: Mapping[str, Classes]
    folders: Mapping[str, Path]
    warnings: tuple[str, ...]


def _read(root: Path, paths: Sequence[Path], how: "Plan") -> Iterator[Block]:
    from nas.data.pictures import read_blocks

    def called(path: Path) -> str:
        return str(path.relative_to(root))

    return read_blocks(paths, _itself, called, how)


def _itself(path: Path) -> Path:
    return path


def _look(root: Path) -> _Found:
    from nas.data.pictures import extensions

    known = extensions()
    folders, root_images = _listing(root, known)
    splits = _split_folders(root, folders)
    warnings = []
    if splits:
        ignored = [name for name in folders if root / name not in splits.values()]
        if ignored:
            warnings.append(
                f"{root}: beside train, these are ignored: {', '.join(ignored)}"
            )
    else:
        splits = {ALL: root}
    found = {split: _classes(folder, known) for split, folder in splits.items()}
    if not any(chain(*(classes.values() for classes in found.values()))):
        raise DataError(
            f"{root} holds images but no class folders; sort them into a folder a class"
            if root_images
            else f"{root} holds no images; give one with a folder of images a class"
        )
    for split, classes in found.items():
        empty = [name for name, files in classes.items() if not files]
        for name in empty:
            del classes[name]
        if empty:
            warnings.append(
                f"{splits[split]}: folders without images are ignored: "
                + ", ".join(empty)
            )
    # A split of empty folders is none.
    found = {split: classes for split, classes in found.items() if classes}
    if not found.keys() & {ALL, "train"}:
        raise DataError(
            f"{splits['train']} holds no images; put a folder a class there"
        )
    return _Found(splits=found, folders=splits, warnings=tuple(warnings))


def _split_folders(root: Path, folders: Sequence[str]) -> dict[str, Path]:
    """Return the folder of each split, or nothing when the folders are classes."""
    splits: dict[str, Path] = {}
    for name in folders:
        split = SPLIT_FOLDERS.get(name.lower())
        # A folder of images that is called train is a class: of vehicles.
        if split is None or not _listing(root / name, frozenset())[0]:
            continue
        if split in splits:
            raise DataError(
                f"{root} has both {splits[split].name} and {name}, which mean the same "
                "split; join them"
            )
        splits[split] = root / name
    if splits and "train" not in splits:
        names = " and ".join(folder.name for folder in splits.values())
        raise DataError(
            f"{root} has {names} but no train; call the folder of training images train"
        )
    return splits


def _classes(folder: Path, known: Set[str]) -> Classes:
    return {
        name: _listing(folder / name, known)[1] for name in _listing(folder, known)[0]
    }


def _listing(folder: Path, known: Set[str]) -> tuple[list[str], list[File]]:
    """Return the names of the folders and the image files in a folder, sorted."""
    folders, files = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                folders.append(entry.name)
            elif os.path.splitext(entry.name)[1].lower() in known:  # noqa: PTH122
                # A Path for each of many files would take longer than all the rest.
                facts = entry.stat()
                if S_ISREG(facts.st_mode):  # who reads a pipe may wait for ever
                    files.append((entry.name, facts.st_size, facts.st_mtime_ns))
    return sorted(folders), sorted(files)
