"""Optuna without its notes on new studies and experimental calls."""

import warnings
from contextlib import ExitStack
from threading import Lock
from types import TracebackType
from typing import Final

import optuna


class Quiet:
    """A context that several threads may be in at once.

    How much Optuna says belongs to the process: the first to come makes it quiet, and
    the last to go puts that back.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._undo = ExitStack()

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                verbosity = optuna.logging.get_verbosity()
                self._undo.callback(optuna.logging.set_verbosity, verbosity)
                optuna.logging.set_verbosity(optuna.logging.WARNING)
                self._undo.enter_context(warnings.catch_warnings())
                kind = optuna.exceptions.ExperimentalWarning
                warnings.simplefilter("ignore", kind)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._undo.close()


QUIET_OPTUNA: Final = Quiet()
