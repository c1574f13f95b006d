"""Imported by the fork server first of all, to no effect anywhere else.

The server offers no other place to do something in it, or in what it forks before that
has begun to import: both are to end with the process that the server works for.
"""

import json
import os
import signal
from contextlib import suppress
from importlib import import_module

from nas.executors.lifeline import lead_group
from nas.executors.server import ORDER


def _prepare(path: str, modules: list[str]) -> None:
    server = os.getpid()

    def lead_if_forked_here() -> None:
        if os.getppid() == server:  # no child of a child, which is to stay in its group
            lead_group(path)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.register_at_fork(after_in_child=lead_if_forked_here)
    lead_group(path)
    for name in modules:
        # What cannot be imported here fails in the worker, which says so.
        with suppress(Exception):
            import_module(name)


if ORDER in os.environ:
    _prepare(*json.loads(os.environ.pop(ORDER)))
