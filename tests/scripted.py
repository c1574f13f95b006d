"""An evaluation that does what the request's folder says, for tests of executors."""

import ctypes
import os
import resource
import signal
import subprocess
import time
from multiprocessing.connection import Client
from pathlib import Path
from typing import Any

from nas.arch import Architecture, Basic, Block, StemConv, Sum
from nas.records import EvalRequest, EvalResult, Recipe

ARCHITECTURE = Architecture(
    input_shape=(1, 4, 4),
    num_classes=2,
    stem=(StemConv(width=4),),
    blocks=(Block(aggregation=Sum(), unit=Basic(), depth=1, width=4),),
)


FOR_EVER = 1000
"""Seconds; tests end long before."""


def request(
    trial: int,
    script: str = "return",
    *,
    alone: bool = False,
    timeout_seconds: float | None = None,
) -> EvalRequest:
    return EvalRequest(
        trial=trial,
        architecture=ARCHITECTURE,
        recipe=Recipe(),
        seed=0,
        folder=script,
        alone=alone,
        timeout_seconds=timeout_seconds,
    )


class Scripted:
    """Results say in ``curve`` how many requests came to this worker before."""

    def __init__(self) -> None:
        self._num_earlier = 0
        self._kept: list[Any] = []

    def __call__(self, request: EvalRequest) -> EvalResult:
        action, _, argument = request.folder.partition(" ")
        answer = ""
        match action:
            case "return":
                answer = str(os.getpid())
            case "environment":
                answer = os.environ.get(argument, "")
            case "exhaust":
                raise MemoryError("too wide")
            case "diverge":
                return EvalResult(
                    trial=request.trial,
                    status="failed",
                    seconds=0.0,
                    error="diverged",
                    reason="diverged",
                )
            case "grow":
                self._kept.append(bytearray(os.urandom(1)) * int(argument))
                answer = str(os.getpid())
            case "open":
                for _ in range(int(argument)):
                    self._kept.append(os.open(os.devnull, os.O_RDONLY))
            case "raise":
                raise ValueError("the first line\nthe second line")
            case "exit":
                os._exit(int(argument))
            case "ask":
                answer = ask(argument)
            case "sleep":
                time.sleep(FOR_EVER)
            case "stop" | "hold" | "family":
                self._trouble(action, argument)
            case "say":
                answer = "x" * int(argument)
            case "swallow":
                answer = str(len(argument))
            case "unpicklable":
                answer = lambda: None  # type: ignore[assignment]  # noqa: E731
            case "unreadable":
                answer = Unreadable()  # type: ignore[assignment]
            case "overfill":
                overfill(Path(argument))
        result = EvalResult(
            trial=request.trial,
            status="complete",
            seconds=0.0,
            accuracy=request.trial / 100,
            curve=(float(self._num_earlier),),
            device=answer,
        )
        self._num_earlier += 1
        return result

    def _trouble(self, action: str, address: str) -> None:
        """Tell whoever listens the ids of all processes here, and do not come back."""
        family = [os.getpid()]
        if action == "family":
            family.append(subprocess.Popen(["sleep", str(FOR_EVER)]).pid)
            child = os.fork()
            if child == 0:
                time.sleep(FOR_EVER)
            family.append(child)
        with Client(address) as connection:
            connection.send(family)
        if action == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        if action == "hold":
            ctypes.PyDLL(None).sleep(FOR_EVER)  # no other thread can run meanwhile
        time.sleep(FOR_EVER)


class Unreadable:
    """Goes out, and cannot come in."""

    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("no number",)


def overfill(control_group: Path) -> None:
    """Use more memory than a control group may."""
    (control_group / "cgroup.procs").write_text(str(os.getpid()))
    kept = bytearray(2**30)
    for byte in range(0, len(kept), 4096):
        kept[byte] = 1


def ask(address: str) -> str:
    """Tell whoever listens the process's id, and wait for an answer."""
    with Client(address) as connection:
        connection.send(os.getpid())
        return str(connection.recv())


class FewFiles:
    """A start in a process that may hold few files open, as on some systems."""

    def __call__(self) -> Scripted:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
        return Scripted()


class AskFirst:
    """A start that waits until somebody answers."""

    def __init__(self, address: str) -> None:
        self._address = address

    def __call__(self) -> Scripted:
        ask(self._address)
        return Scripted()


class HoldFirst:
    """A start that never ends, in which no other thread can run."""

    def __init__(self, address: str) -> None:
        self._address = address

    def __call__(self) -> Scripted:
        with Client(self._address) as connection:
            connection.send([os.getpid()])
        ctypes.PyDLL(None).sleep(FOR_EVER)
        return Scripted()


def fail_to_start() -> Scripted:
    raise RuntimeError("no such device")
