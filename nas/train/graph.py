"""Recording the work of a step once, to launch all of it at once from then on."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import final

import torch
from torch import Generator

Work = Callable[[], None]


class Graph(ABC):
    """Records work on a device and replays it.

    The work is a function of tensors that stay where they are, and of generators that
    the graph was told of: a replay reads and changes them, and nothing else.
    """

    @abstractmethod
    def warm_up(self, work: Work) -> None:
        """Do the work as it is, in the place where it will be recorded.

        Called a few times before ``record``: libraries set themselves up, and memory
        that outlives a step is allocated.
        """

    @abstractmethod
    def record(self, work: Work) -> None:
        """Record the work without doing it. Called once.

        Raises:
            RuntimeError: the work cannot be recorded; it has changed no tensor.
        """

    @abstractmethod
    def replay(self) -> None:
        """Do what was recorded, with what the tensors hold now."""


@final
class CudaGraph(Graph):
    """A CUDA graph on the current device.

    Args:
        generator: what the work draws from besides the device's default generator.
    """

    def __init__(self, generator: Generator) -> None:
        self._graph = torch.cuda.CUDAGraph()
        self._graph.register_generator_state(generator)
        # Warmed up where it is recorded: what autograd allocates belongs to a stream.
        self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]

    def warm_up(self, work: Work) -> None:
        """Do the work on the stream that it will be recorded from."""
        current = torch.cuda.current_stream()
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            work()
        current.wait_stream(self._stream)

    def record(self, work: Work) -> None:
        """Record the work; what other threads do in the meantime is no error."""
        with torch.cuda.graph(
            self._graph, stream=self._stream, capture_error_mode="thread_local"
        ):
            work()

    def replay(self) -> None:
        """Launch the graph on the current stream."""
        self._graph.replay()
