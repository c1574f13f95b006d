"""Executors: where evaluations run. They know nothing about training."""

from nas.executors.base import Evaluate, Executor, Start
from nas.executors.call import call
from nas.executors.inline import InlineExecutor
from nas.executors.local import LocalExecutor
from nas.executors.packing import Packing
from nas.executors.server import ForkServer, start_server

__all__ = [
    "Evaluate",
    "Executor",
    "ForkServer",
    "InlineExecutor",
    "LocalExecutor",
    "Packing",
    "Start",
    "call",
    "start_server",
]
