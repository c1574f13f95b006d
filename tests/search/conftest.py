"""Most searches here have nobody who looks: pictures and importances take time."""

import pytest

from nas.search.board.looks import Looks


@pytest.fixture
def with_looks() -> None:
    """For tests of what there is to be seen."""


@pytest.fixture(autouse=True)
def without_looks(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "with_looks" not in request.fixturenames:
        monkeypatch.setattr(Looks, "_made", lambda *_: None)
