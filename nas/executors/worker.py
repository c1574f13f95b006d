"""The life of a worker process."""

import os
import pickle
import signal
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from threading import Thread

from nas.executors.outcome import started


def serve(connection: Connection, pickled_start: bytes) -> None:
    """Answer requests from a connection until its other end closes.

    An interrupt is the coordinator's business; its death ends the worker at once, also
    in the middle of an evaluation.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_exit_with_parent, daemon=True).start()
    evaluate = started(lambda: pickle.loads(pickled_start)())
    while True:
        try:
            connection.send(evaluate(connection.recv()))
        except (EOFError, OSError):
            return


def _exit_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
