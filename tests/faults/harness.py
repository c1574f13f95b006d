"""Searches in processes of their own, to be killed, and their books to be checked."""

import os
import pty
import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Final

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from books import lost, results, studied, unbalanced
from lives import Life

__all__ = [
    "TINY",
    "Life",
    "Terminal",
    "finish",
    "lost",
    "make_photos",
    "results",
    "studied",
    "unbalanced",
]

TINY: Final = (
    *("--space", "minimal", "--max-params", "3k", "--epochs", "1"),
    *("--workers", "2", "--device", "cpu"),
)
"""Options of a search whose trials take a fraction of a second."""


class Terminal:
    """A terminal in whose foreground a command line runs.

    Args:
        argv: of the command line.
        cwd: its current folder.
        environment: variables to add.
    """

    def __init__(
        self, argv: tuple[object, ...], cwd: Path, environment: Mapping[str, str]
    ) -> None:
        self._ours, theirs = pty.openpty()
        self._shown = bytearray()
        streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        given = {"TERM": "xterm"} | dict(environment)
        try:
            self.life = Life(argv, cwd, given, **streams)
        finally:
            os.close(theirs)
        self._reader = Thread(target=self._read)
        self._reader.start()

    @classmethod
    @contextmanager
    def of(
        cls, *argv: object, cwd: Path, environment: Mapping[str, str] | None = None
    ) -> Iterator["Terminal"]:
        """Open one, and close it when what runs in it has gone."""
        terminal = cls(argv, cwd, environment or {})
        try:
            with terminal.life:
                yield terminal
        finally:
            terminal._reader.join()
            os.close(terminal._ours)

    def press_ctrl_c(self) -> None:
        """Interrupt everything in the foreground."""
        os.write(self._ours, b"\x03")

    @property
    def shown(self) -> str:
        """All that was written to it so far."""
        return self._shown.decode(errors="replace")

    @property
    def has_cursor(self) -> bool:
        """Whether its cursor was shown last, or never hidden."""
        return self.shown.rfind("\x1b[?25h") >= self.shown.rfind("\x1b[?25l")

    def _read(self) -> None:
        with suppress(OSError):  # once nobody has the other end
            while part := os.read(self._ours, 65536):
                self._shown += part


def make_photos(folder: Path, number: int) -> Path:
    """Make a folder of pictures of two classes, and return it.

    They take some milliseconds each to read, and a moment to make.
    """
    rng = random.Random(0)
    for name in ("dark", "light"):
        (folder / name).mkdir(parents=True)
        for place in range(number // 2):
            shade = rng.randrange(128) + (128 if name == "light" else 0)
            picture = Image.effect_noise((384, 384), 50 + shade / 4)
            picture.save(folder / name / f"{place}.png", compress_level=1)
    return folder


def finish(run: Path, before: Mapping[str, bytes], *argv: object) -> None:
    """Resume a run to its end, check its books, and have it reported.

    Args:
        run: the folder.
        before: its results before faults.
        argv: another command than to resume it.
    """
    with Life(argv or ("resume", run), run.parent) as life:
        assert life.end() == 0, life.err
        assert "Traceback" not in life.err
        life.gone_after_seconds(2)
    assert not (problems := lost(run, before) + unbalanced(run)), problems
    trials = len(list((run / "trials").iterdir()))
    with Life(("report", run), run.parent) as life:
        assert life.end() == 0, life.err
        assert f"Front of {trials} trials" in life.out, life.out
    assert not (problems := lost(run, before)), problems
