"""An evaluation that does what the request's folder says, for tests of executors."""

import os
from multiprocessing.connection import Client

from nas.arch import Architecture, Basic, Block, StemConv, Sum
from nas.records import EvalRequest, EvalResult, Recipe

ARCHITECTURE = Architecture(
    input_shape=(1, 4, 4),
    num_classes=2,
    stem=(StemConv(width=4),),
    blocks=(Block(aggregation=Sum(), unit=Basic(), depth=1, width=4),),
)


def request(trial: int, script: str = "return", *, alone: bool = False) -> EvalRequest:
    return EvalRequest(
        trial=trial,
        architecture=ARCHITECTURE,
        recipe=Recipe(),
        seed=0,
        folder=script,
        alone=alone,
    )


class Scripted:
    """Results say in ``curve`` how many requests came to this worker before."""

    def __init__(self) -> None:
        self._num_earlier = 0
        self._kept: list[bytearray] = []

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
            case "raise":
                raise ValueError("the first line\nthe second line")
            case "exit":
                os._exit(int(argument))
            case "ask":
                answer = ask(argument)
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


def ask(address: str) -> str:
    """Tell whoever listens the process's id, and wait for an answer."""
    with Client(address) as connection:
        connection.send(os.getpid())
        return str(connection.recv())


class AskFirst:
    """A start that waits until somebody answers."""

    def __init__(self, address: str) -> None:
        self._address = address

    def __call__(self) -> Scripted:
        ask(self._address)
        return Scripted()


def fail_to_start() -> Scripted:
    raise RuntimeError("no such device")
