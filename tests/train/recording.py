"""A graph without a GPU: it records torch's operations and runs them again."""

from collections.abc import Iterator
from typing import Any, final

import torch
from torch import Generator, Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from nas.train.graph import Graph, Work


@final
class RecordedGraph(Graph):
    """As strict as a CUDA graph.

    A replay knows no Python: operations, numbers and tensors are those of the
    recording. The recording itself changes nothing, and to read a value is an error.
    """

    def __init__(self, generator: Generator) -> None:
        self._generators = (generator, torch.default_generator)
        self._recorder: _Recorder | None = None
        self.warm_ups = 0
        self.recordings = 0
        self.replays = 0

    def warm_up(self, work: Work) -> None:
        self.warm_ups += 1
        work()

    def record(self, work: Work) -> None:
        self.recordings += 1
        states = [generator.get_state() for generator in self._generators]
        recorder = _Recorder()
        try:
            with recorder:
                work()
        finally:
            for storage, before in recorder.before.values():
                storage.copy_(before)
            for generator, state in zip(self._generators, states, strict=True):
                generator.set_state(state)
        self._recorder = recorder

    def replay(self) -> None:
        self.replays += 1
        assert self._recorder is not None
        with torch.no_grad():
            for operation, args, kwargs, outputs in self._recorder.operations:
                again = operation(*args, **kwargs)
                for new, old in zip(_tensors(again), _tensors(outputs), strict=True):
                    if new.data_ptr() != old.data_ptr():
                        old.copy_(new)


class _Recorder(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.operations: list[tuple[Any, Any, Any, Any]] = []
        # Of all memory that was there before: a view of it, and what it held.
        self.before: dict[int, tuple[Any, Any]] = {}
        self._own: set[int] = set()

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if operation is torch.ops.aten._local_scalar_dense.default:
            raise RuntimeError("operation not permitted when stream is capturing")
        kwargs = kwargs or {}
        for tensor in _tensors((args, kwargs)):
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in self._own | set(self.before):
                self.before[storage.data_ptr()] = (storage, storage.clone())
        outputs = operation(*args, **kwargs)
        for tensor in _tensors(outputs):
            pointer = tensor.untyped_storage().data_ptr()
            if pointer not in self.before:
                self._own.add(pointer)
        self.operations.append((operation, args, kwargs, outputs))
        return outputs


def _tensors(tree: Any) -> Iterator[Tensor]:
    return (leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor))
