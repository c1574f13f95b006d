"""An export on disk: a folder that is there with all its files, or not there."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from nas.errors import RunError
from nas.export.card import add_card
from nas.export.model_files import add_model, add_training
from nas.export.package import Package

Step = Callable[[Path, Package], Package]
"""Adds files to the folder of an export that is being made.

``model.py`` and ``model.safetensors`` are in it. Returns the package, with facts about
what was added for the model card.
"""

CARD: Final = "model_card.md"


def write(
    folder: Path, package: Package, steps: Sequence[Step] = (), card_name: str = CARD
) -> Path:
    """Write a network as files that need nothing of ``nas`` to a new folder.

    These are ``model.py``, ``model.safetensors``, ``test_model.py``, ``train.py`` for a
    network that was trained, what further steps add, and the model card with its
    picture. The written model is tried before anything appears.

    Args:
        folder: new or empty.
        package: what is exported.
        steps: write other forms of the model.
        card_name: of the model card.

    Returns:
        The path of ``model.py``.

    Raises:
        RunError: when the folder is taken, cannot be written, or the weights are of
            another network.
        SpecError: when a part of the network cannot stand in a file of its own.
    """
    try:
        with _new_folder(folder) as draft:
            for step in (add_model, add_training, *steps):
                package = step(draft, package)
            add_card(draft, package, card_name)
    except OSError as error:
        why = error.strerror or error
        raise RunError(
            f"{folder}: cannot be written: {why}; name another folder"
        ) from error
    return folder / "model.py"


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder for drafts, and their place to those that are whole."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in (folder, *folder.parents):
        if path.exists() and not path.is_dir():
            raise RunError(f"{path} is a file; an export needs a folder of its own")
    is_new = folder in missing
    if not is_new and any(folder.iterdir()):
        raise RunError(
            f"{folder} is not empty, and an export overwrites nothing; name a new "
            "folder or empty this one"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    home = folder.parent if is_new else folder
    try:
        with tempfile.TemporaryDirectory(dir=home, prefix=".draft-") as drafts:
            # A temporary folder is for its owner alone, unlike the one in it.
            draft = Path(drafts) / "export"
            draft.mkdir()
            yield draft
            if is_new:
                draft.rename(folder)
            else:  # somebody's shell may be in that one
                for path in sorted(draft.iterdir(), reverse=True):
                    path.rename(folder / path.name)
    except BaseException:
        for path in missing:
            with suppress(OSError):
                path.rmdir()
        raise
