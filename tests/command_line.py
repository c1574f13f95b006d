"""A command line that runs in the process of the tests, whose workers start quickly."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from nas.__main__ import main


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The first line of the complaint, which is all of it but for details."""
        return self.err.splitlines()[0]


@contextmanager
def kept_handlers() -> Iterator[None]:
    """Put back what a command line does about signals: its process is ours."""
    handlers = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextmanager
def command_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Outcome]]:
    """Give a function that runs a command line in the current folder."""
    monkeypatch.setenv("COLUMNS", "100")

    def run(*argv: object) -> Outcome:
        capsys.readouterr()
        code = main([str(word) for word in argv])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    with kept_handlers():
        yield run
