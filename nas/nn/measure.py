"""What a built module really has: its parameters, and the MACs of a real pass."""

from typing import Any

import torch
from torch import nn

from nas.nn.cost import Cost


def measure(module: nn.Module, input_shape: tuple[int, ...]) -> Cost:
    """Count a module's trainable parameters and its MACs for one input.

    Args:
        module: on any device; "meta" makes the pass free.
        input_shape: of one input, without the batch dimension.
    """
    macs = 0

    def count(layer: nn.Module, _: Any, output: torch.Tensor) -> None:
        nonlocal macs
        weight = layer.weight
        assert isinstance(weight, torch.Tensor)
        positions = output[0, 0].numel() if isinstance(layer, nn.Conv2d) else 1
        macs += weight.numel() * positions

    hooks = [
        layer.register_forward_hook(count)
        for layer in module.modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    ]
    device = next(module.parameters()).device
    training = module.training
    try:
        with torch.no_grad():
            module.eval()(torch.zeros(1, *input_shape, device=device))
    finally:
        module.train(training)
        for hook in hooks:
            hook.remove()
    params = sum(p.numel() for p in module.parameters() if p.requires_grad)
    return Cost(params, macs)
