"""The shipped search spaces, found by name in a checkout and in a package."""

from pathlib import Path
from typing import Final

from nas.errors import SpaceError, unknown
from nas.space.loader import read_space
from nas.space.space import SearchSpace

_PACKAGE: Final = Path(__file__).resolve().parent.parent
_SUFFIXES: Final = (".yaml", ".yml")


def shipped() -> dict[str, Path]:
    """Return the file of every shipped space by its name."""
    installed = _PACKAGE / "search_spaces"
    folder = installed if installed.is_dir() else _PACKAGE.parent / "search_spaces"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load_space(name: str) -> SearchSpace:
    """Return a shipped space by its name, or one of your own by its file's path.

    Raises:
        SpaceError: when there is none, with the closest name, or its file is wrong.
    """
    known = shipped()
    if name in known:
        return read_space(known[name])
    if name.endswith(_SUFFIXES) or "/" in name:
        return read_space(Path(name))
    raise SpaceError(
        unknown("search space", name, known) + " (the path of a .yaml file works, too)"
    )
