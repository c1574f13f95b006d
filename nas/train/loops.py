"""How the steps of an epoch are run: each one by Python, or replayed as a graph."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Final, final

import torch
from torch import Generator, Tensor

from nas.train.feed import Feed
from nas.train.graph import Graph
from nas.train.resident import ResidentFeed
from nas.train.step import Step

WARM_UP_STEPS: Final = 3
"""Ordinary steps before one is recorded, as CUDA graphs ask for."""


class Loop(ABC):
    """Runs epochs of one training."""

    @abstractmethod
    def run(self, order: Tensor, sizes: Sequence[int], rates: Sequence[float]) -> None:
        """Take one epoch's steps.

        Args:
            order: positions (N,) of the images, on the device.
            sizes: of the batches; they add up to N.
            rates: the learning rate of each step.
        """


@final
class EagerLoop(Loop):
    """Every operation of every step is started by Python."""

    def __init__(self, step: Step, feed: Feed) -> None:
        self._step = step
        self._feed = feed

    def run(self, order: Tensor, sizes: Sequence[int], rates: Sequence[float]) -> None:
        """Take one epoch's steps."""
        groups = self._step.optimizer.param_groups
        batches = self._feed.batches(order, sizes)
        for (images, labels), rate in zip(batches, rates, strict=True):
            for group in groups:
                group["lr"] = rate
            self._step(images, labels)


@final
class GraphedLoop(Loop):
    """Steps of full batches are recorded once and replayed.

    The first ones are ordinary, and so is one with a batch of another size. The order,
    the learning rates and the number of the step are on the device: inside an epoch
    nothing is copied there, and nothing waits for it.

    Args:
        step: what to do with a batch.
        feed: holds the images on the device.
        batch_size: of a full batch.
        epoch_steps: the steps of every epoch.
        new_graph: makes a graph that knows of a generator.
        on_fallback: told why there will be no graph, and all steps be ordinary ones.
    """

    def __init__(
        self,
        step: Step,
        feed: ResidentFeed,
        *,
        batch_size: int,
        epoch_steps: int,
        new_graph: Callable[[Generator], Graph],
        on_fallback: Callable[[str], None],
    ) -> None:
        self._step = step
        self._feed = feed
        self._batch_size = batch_size
        self._on_fallback = on_fallback
        self._graph: Graph | None = new_graph(step.augmentation)
        self._warm_ups_left = WARM_UP_STEPS
        self._is_recorded = False
        device = feed.device
        self._order = torch.zeros(len(feed), dtype=torch.int64, device=device)
        self._rates = torch.zeros(epoch_steps, device=device)
        self._done = torch.zeros(1, dtype=torch.int64, device=device)
        self._rate = torch.zeros((), device=device)
        for group in step.optimizer.param_groups:
            group["lr"] = self._rate

    def run(self, order: Tensor, sizes: Sequence[int], rates: Sequence[float]) -> None:
        """Take one epoch's steps."""
        self._order.copy_(order)
        self._rates.copy_(torch.tensor(rates))
        self._done.zero_()
        for size in sizes:
            if size == self._batch_size:
                self._full_step()
            else:
                self._ordinary_step(size)

    def _full_step(self) -> None:
        graph = self._graph
        if graph is None:
            self._ordinary_step(self._batch_size)
        elif self._warm_ups_left:
            self._warm_ups_left -= 1
            graph.warm_up(lambda: self._ordinary_step(self._batch_size))
        elif self._is_recorded or self._record(graph):
            graph.replay()
        else:
            self._ordinary_step(self._batch_size)

    def _record(self, graph: Graph) -> bool:
        """Record a full step, or else do without a graph from now on."""
        try:
            graph.record(lambda: self._ordinary_step(self._batch_size))
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            self._graph = None
            # What it left in there may lie in memory that only the graph owned.
            self._step.optimizer.zero_grad(set_to_none=True)
            reason = str(error).strip().partition("\n")[0]
            self._on_fallback(f"trained without a CUDA graph: {reason}")
            return False
        self._is_recorded = True
        return True

    def _ordinary_step(self, size: int) -> None:
        """Take the next step, wherever in the epoch it is."""
        within = torch.arange(size, device=self._done.device)
        index = self._order.index_select(0, self._done * self._batch_size + within)
        self._rate.copy_(self._rates.index_select(0, self._done).squeeze(0))
        self._step(*self._feed.gather(index))
        self._done.add_(1)
