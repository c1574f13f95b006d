"""Command lines as a user runs them, each in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TINY = ["--space", "minimal", "--max-params", "3k", "--epochs", "1"]
"""Options of a search that takes no time."""


@dataclass(frozen=True)
class Ended:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """The one line of an error; more than one are a failure of the test."""
        assert "Traceback" not in self.err, self.err
        (line,) = self.err.splitlines()
        return line


def nas(
    argv: Sequence[object],
    cwd: Path,
    *,
    packages: Path | None = None,
    timeout: float = 120,
    **environment: str,
) -> Ended:
    """Run a command line.

    Args:
        argv: behind "nas".
        cwd: the current folder.
        packages: a folder of modules that win over those installed.
        timeout: in seconds.
        environment: variables that are set.
    """
    before = os.environ.get("PYTHONPATH", "")
    paths = [str(packages)] if packages else []
    ended = subprocess.run(
        [sys.executable, "-m", "nas", *map(str, argv)],
        cwd=cwd,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join([*paths, before]), "COLUMNS": "100"}
        | environment,
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    # Bytes, because an output that is not UTF-8 is a fault to be found, too.
    return Ended(
        ended.returncode,
        ended.stdout.decode("utf-8", "surrogateescape"),
        ended.stderr.decode("utf-8", "surrogateescape"),
    )


def broken_package(folder: Path, name: str, text: str) -> Path:
    """Return a folder in which a package is broken, or otherwise not what it was."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(text)
    return folder
