"""Spaces read once for all tests."""

from collections.abc import Callable
from pathlib import Path

import pytest
from space_texts import HAND_MADE

from nas.space import SearchSpace, read_space, shipped


@pytest.fixture(scope="session")
def spaces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SearchSpace]:
    """All shipped spaces and the hand-made ones, by name."""
    folder = tmp_path_factory.mktemp("spaces")
    found = {name: read_space(path) for name, path in shipped().items()}
    for name, text in HAND_MADE.items():
        path = folder / f"{name}.yaml"
        path.write_text(text)
        found[name] = read_space(path)
    return found


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], SearchSpace]:
    """Return a function that reads a space from text."""

    def read_text(text: str) -> SearchSpace:
        path = tmp_path / "space.yaml"
        path.write_text(text)
        return read_space(path)

    return read_text
