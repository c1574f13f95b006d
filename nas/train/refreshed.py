"""Batch norms that know the weights as they are, not as they have been."""

from itertools import islice
from typing import Final

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from nas.train.batches import batch_sizes, scaled
from nas.train.feed import Feed
from nas.train.step import autocast

MOST_BATCHES: Final = 50
"""More of them hardly change a mean; of large data these are a small part."""


def refresh_norms(
    network: nn.Module, feed: Feed, batch_size: int, *, bf16: bool
) -> None:
    """Estimate the statistics of all batch norms anew, on training images as they are.

    While the learning rate is high, weights change faster than the running means of
    their norms, and a network in the middle of its training looks worse than it is; in
    an epoch of few steps much worse. Any dropout draws from torch's generators.
    """
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    if not norms:
        return
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean of all batches, each as much
    network.train()
    order = torch.arange(len(feed), device=feed.device)
    batches = feed.batches(order, batch_sizes(len(feed), batch_size))
    with torch.no_grad():
        for images, _ in islice(batches, MOST_BATCHES):
            with autocast(images.device, bf16):
                network(scaled(images))
