"""A command line in this process."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import Outcome, command_line


@pytest.fixture
def nas(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Outcome]]:
    """Return a function that runs a command line here, with workers of its own."""
    monkeypatch.chdir(tmp_path)
    with command_line(capsys, monkeypatch) as run:
        yield run
