"""Executors: where evaluations run. They know nothing about training."""

from nas.executors.base import Evaluate, Executor, Start
from nas.executors.call import call
from nas.executors.inline import InlineExecutor
from nas.executors.local import LocalExecutor
from nas.executors.packing import Packing
from nas.executors.process import start_server

__all__ = [
    "Evaluate",
    "Executor",
    "InlineExecutor",
    "LocalExecutor",
    "Packing",
    "Start",
    "call",
    "start_server",
]
