"""A database that nobody depends on: once it fails, it is left alone."""

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Final

BUSY: Final = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
)
"""Why a file cannot be written now, though nothing is wrong with what it holds."""


class TolerantDatabase:
    """An SQLite file, whose changes are made as ``with database: ...``.

    The first change that fails is undone and told of; there is nothing to be done about
    it, so the body ends there and no error comes out.

    Args:
        path: of the file, which is opened by ``open``.
        patience_seconds: how long another process may write meanwhile.
        on_failure: told why a change could not be made.

    Raises:
        sqlite3.Error: by whatever is no change.
    """

    def __init__(
        self, path: Path, patience_seconds: float, on_failure: Callable[[str], None]
    ) -> None:
        self._path = path
        self._patience_seconds = patience_seconds
        self._on_failure = on_failure
        self._opened: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open the file."""
        self._opened = sqlite3.connect(self._path, timeout=self._patience_seconds)

    def execute(self, query: str, values: Iterable[Any] = ()) -> sqlite3.Cursor:
        """Run a query."""
        return self._connection.execute(query, tuple(values))

    def executemany(self, query: str, rows: Iterable[Iterable[Any]]) -> None:
        """Run a query for every row of values."""
        self._connection.executemany(query, map(tuple, rows))

    def close(self) -> None:
        """Let go of the file."""
        if self._opened is not None:
            self._opened.close()

    @property
    def _connection(self) -> sqlite3.Connection:
        assert self._opened is not None
        return self._opened

    def __enter__(self) -> "TolerantDatabase":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        try:
            self._connection.__exit__(kind, error, trace)
        except sqlite3.Error as failure:
            error = error or failure
            self._connection.rollback()
        if not isinstance(error, sqlite3.Error):
            return False
        self._on_failure(str(error))
        return True


def is_busy(error: sqlite3.Error) -> bool:
    """Tell whether a file is in order as far as an error says, if not for writing."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in BUSY
