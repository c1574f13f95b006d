"""A command line run in this process, and a finished run to use it on."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from command_line import Outcome, command_line, kept_handlers

from nas.__main__ import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of the command line, which is empty."""
    path = tmp_path / "here"
    path.mkdir()
    monkeypatch.chdir(path)
    return path


@pytest.fixture
def nas(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Outcome]]:
    """Return a function that runs a command line in the current folder."""
    with command_line(capsys, monkeypatch) as run:
        yield run


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small run that was really searched for; nobody may change it."""
    path = tmp_path_factory.mktemp("runs") / "finished"
    options = ["--trials", "3", "--epochs", "2", "--max-params", "8k", "--workers", "0"]
    with kept_handlers():
        code = main(["search", "--space", "minimal", *options, "--run", str(path)])
    assert code == 0
    return path


def start(
    argv: Sequence[object], cwd: Path, **options: object
) -> subprocess.Popen[str]:
    """Start a command line in a process of its own, its output to be read by line."""
    command = [sys.executable, "-m", "nas", *map(str, argv)]
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "COLUMNS": "100"}
    return subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_heed_interrupts,
        **options,
    )


def _heed_interrupts() -> None:
    # A shell that starts the tests in the background has them ignored.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def spawn(folder: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts a command line in a process of its own."""
    processes = []

    def run(*argv: object, **options: object) -> subprocess.Popen[str]:
        processes.append(start(argv, folder, **options))
        return processes[-1]

    yield run
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
