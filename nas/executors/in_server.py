"""Imported by the fork server first of all, to no effect anywhere else.

The server offers no other place to do something in it before its imports, and these are
not to keep it alive when the process that it works for is gone. The same holds for what
it has forked and what has not come so far as to lead a group of its own.
"""

import json
import os
import signal
from contextlib import suppress
from importlib import import_module

from nas.executors.lifeline import lead_group
from nas.executors.server import ORDER


def _prepare(path: str, modules: list[str]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lead_group(path)
    for name in modules:
        # What cannot be imported here fails in the worker, which says so.
        with suppress(Exception):
            import_module(name)


if ORDER in os.environ:
    _prepare(*json.loads(os.environ.pop(ORDER)))
