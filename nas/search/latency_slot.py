"""The latency of a candidate, measured while no training goes on."""

from collections.abc import Callable
from functools import partial
from typing import Final

from nas.arch import Architecture
from nas.executors import Executor
from nas.latency import Latency
from nas.nn.timed import Subject, timed

BATCH_SIZE: Final = 1
THREADS: Final = 1
SECONDS: Final = 0.5
"""Of timed runs; all workers stand still for about twice as long."""

_TRIES: Final = 2
_LONGEST_SECONDS: Final = 300.0

LatencyOf = Callable[[Architecture], Latency | str]
"""Gives a network's latency, or says in a line why there is none."""


def latency_in_slot(executor: Executor, device: str) -> LatencyOf:
    """Return what measures networks on a device while an executor stands still.

    A network is timed as it will be exported, one image at a time, before it is
    trained: what it weighs does not matter. A measurement that fails is tried again.

    Args:
        executor: whose trainings wait meanwhile.
        device: as PyTorch knows it.
    """
    return partial(_latency, executor, device)


def _latency(executor: Executor, device: str, network: Architecture) -> Latency | str:
    why = ""
    for _ in range(_TRIES):
        try:
            found = executor.exclusively(
                timed,
                (Subject(name="the network", network=network),),
                (BATCH_SIZE,),
                device,
                THREADS,
                SECONDS,
                timeout_seconds=_LONGEST_SECONDS,
            )
        except ChildProcessError as error:
            why = str(error)
            continue
        if not isinstance(found, str):
            return found[0].latencies[0]
        why = found
    return why
