"""All that a training goes on from, as named tensors: copied out, and put back."""

from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Generator, Tensor, nn
from torch.optim import Optimizer

_NETWORK: Final = "network."
_OPTIMIZER: Final = "optimizer."
_GENERATOR: Final = "generator."

Generators = Mapping[str, Generator]
"""Whatever a training draws from, by a name of its own each."""


def taken(
    network: nn.Module, optimizer: Optimizer, generators: Generators
) -> dict[str, Tensor]:
    """Return copies, on the CPU, of weights, optimizer state and generators' states."""
    found = {f"{_NETWORK}{name}": value for name, value in network.state_dict().items()}
    for place, values in optimizer.state_dict()["state"].items():
        for name, value in values.items():
            if value is not None:
                found[f"{_OPTIMIZER}{place}.{name}"] = torch.as_tensor(value)
    for name, generator in generators.items():
        found[f"{_GENERATOR}{name}"] = generator.get_state()
    return {
        name: value.detach().to("cpu", copy=True).contiguous()
        for name, value in found.items()
    }


def put_back(
    tensors: Mapping[str, Tensor],
    network: nn.Module,
    optimizer: Optimizer,
    generators: Generators,
) -> None:
    """Give a network, its optimizer and the generators the state they were taken from.

    Raises:
        KeyError, ValueError, RuntimeError: the tensors are those of something else.
    """
    network.load_state_dict(_under(_NETWORK, tensors))
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for name, value in _under(_OPTIMIZER, tensors).items():
        place, _, what = name.partition(".")
        parameter = parameters[int(place)]
        if value.shape == parameter.shape:
            # Fused optimizers go through memory, so what belongs together must lie
            # alike: channels last, mostly.
            value = torch.empty_like(parameter).copy_(value)
        state.setdefault(int(place), {})[what] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    states = _under(_GENERATOR, tensors)
    for name, generator in generators.items():
        generator.set_state(states[name])


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }
