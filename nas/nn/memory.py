"""Concat blocks whose memory grows with their depth, not with its square.

Every unit of a concat block reads the concatenation of all earlier outputs, and
autograd keeps each of these copies for the backward pass, although their parts are kept
anyway. Here the parts alone are kept, and concatenated again when the backward pass
asks: no convolution is computed twice and no statistic updated twice, as checkpointing
whole units would (Pleiss et al. 2017 keep one shared buffer instead).
"""

from types import MethodType
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from nas.nn.blocks import ConcatBlock

DEEP: Final = 8
"""Units from which on it pays: the memory of 8 falls by a fifth, their time stays."""


def keep_parts(network: nn.Module, min_depth: int = DEEP) -> None:
    """Have the deep concat blocks of a network keep parts, not concatenations.

    Outputs, gradients and ``state_dict`` stay the same; ``benchmarks/concat_memory.py``
    measures memory and time.
    """
    for module in network.modules():
        if isinstance(module, ConcatBlock) and len(module.units) >= min_depth:
            module.forward = MethodType(_forward, module)  # type: ignore[method-assign]


def _forward(block: ConcatBlock, x: Tensor) -> Tensor:
    features = [block.pool(x)]
    for unit in block.units:
        features.append(_on_concatenation(unit, features))
    return _on_concatenation(block.compress, features)


def _on_concatenation(module: nn.Module, features: list[Tensor]) -> Tensor:
    """Return ``module(torch.cat(features, dim=1))`` without keeping the latter."""
    if len(features) == 1:
        return module(features[0])
    parts = [feature.detach() for feature in features]
    whole = torch.cat(features, dim=1)
    if not whole.requires_grad or isinstance(module, nn.Identity):
        return module(whole)
    place, shape = whole.data_ptr(), whole.shape

    def pack(kept: Tensor) -> Tensor | None:
        same = kept.data_ptr() == place and kept.shape == shape
        return None if same else kept

    def unpack(kept: Any) -> Tensor:
        return torch.cat(parts, dim=1) if kept is None else kept

    with saved_tensors_hooks(pack, unpack):
        return module(whole)
