"""The process that workers are forked from, its imports done."""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver, get_context
from multiprocessing.context import ForkServerProcess
from typing import Any, Final, final

from nas.executors.lifeline import lifeline

ORDER: Final = "NAS_FORK_SERVER"
"""Names the variable that tells the server its lifeline and what to import."""

ONE_THREAD: Final = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
"""For libraries that read it when they load: on one core, threads only wait."""

_LENDING: Final = threading.Lock()
"""The environment belongs to all threads."""


@final
class ForkServer:
    """The one such process that this process has, started again should it have died.

    It ends with this process, also in the middle of its imports.

    Args:
        preload: modules to import in it.
    """

    def __init__(self, preload: Sequence[str]) -> None:
        self._preload = tuple(preload)
        self._context = get_context("forkserver")

    def ensure_running(self) -> None:
        """Start it unless it runs already, and return at once."""
        self._context.set_forkserver_preload(["nas.executors.in_server"])
        with _LENDING, _inherited_by_workers(self._preload):
            forkserver.ensure_running()

    def process(self, target: Callable[..., None], *given: Any) -> ForkServerProcess:
        """Return a process that is yet to be started.

        Starting it waits until the server has done its imports.
        """
        return self._context.Process(target=target, args=given, daemon=True)


def start_server(preload: Sequence[str]) -> ForkServer:
    """Start the process that workers are forked from, and return at once.

    It imports the modules in ``preload`` first, so that no worker needs to: called
    early, it does so while the caller reads data. One that already runs in this
    process's name stays as it is.
    """
    server = ForkServer(preload)
    server.ensure_running()
    return server


@contextmanager
def _inherited_by_workers(preload: Sequence[str]) -> Iterator[None]:
    """Lend this process the environment and the deafness to Ctrl-C of its workers."""
    lent = ONE_THREAD | {ORDER: json.dumps([lifeline(), list(preload)])}
    before = {name: os.environ.get(name) for name in lent}
    os.environ.update(lent)
    in_main_thread = threading.current_thread() is threading.main_thread()
    if in_main_thread:
        on_interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        if in_main_thread:
            signal.signal(signal.SIGINT, on_interrupt)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
