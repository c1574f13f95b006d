"""Small searches that really ran, to be harmed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import kept_handlers

from nas.__main__ import main
from nas.records import TrialRecord
from nas.search import RunFolder

SMALL = ("--space", "minimal", "--max-params", "3k", "--epochs", "1")
HERE = ("--workers", "0")


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


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a search of four trials; nobody may change it."""
    path = tmp_path_factory.mktemp("runs") / "searched"
    with kept_handlers():
        code = main(["search", *SMALL, *HERE, "--trials", "4", "--run", str(path)])
    assert code == 0
    return path


@pytest.fixture
def run(searched: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to be harmed."""
    return Path(shutil.copytree(searched, tmp_path / "run"))


def records(run: Path) -> list[TrialRecord]:
    return RunFolder.open(run).records()
