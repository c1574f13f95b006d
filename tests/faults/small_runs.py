"""Small searches that really ran, to be harmed, and the command line to use on them."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from nas.__main__ import main
from nas.records import TrialRecord
from nas.search import RunFolder

SMALL = ("--space", "minimal", "--max-params", "3k", "--epochs", "1")
HERE = ("--workers", "0")


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The first line of the complaint, which is all of it but for details."""
        return self.err.splitlines()[0]


def command(*argv: object) -> list[str]:
    return [sys.executable, "-m", "nas", *map(str, argv)]


def started(*argv: object, cwd: Path) -> subprocess.Popen[str]:
    """Start a command line in a process group of its own."""
    return subprocess.Popen(
        command(*argv),
        cwd=cwd,
        env=os.environ | {"COLUMNS": "100"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


@pytest.fixture
def nas(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., Outcome]]:
    """Return a function that runs a command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    handlers = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)}

    def run(*argv: object) -> Outcome:
        capsys.readouterr()
        code = main([str(word) for word in argv])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a search of four trials; nobody may change it."""
    path = tmp_path_factory.mktemp("runs") / "searched"
    handlers = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)}
    code = main(["search", *SMALL, *HERE, "--trials", "4", "--run", str(path)])
    for number, handler in handlers.items():
        signal.signal(number, handler)
    assert code == 0
    return path


@pytest.fixture
def run(searched: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to be harmed."""
    return Path(shutil.copytree(searched, tmp_path / "run"))


def records(run: Path) -> list[TrialRecord]:
    return RunFolder.open(run).records()
