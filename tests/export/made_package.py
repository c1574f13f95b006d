"""Packages for tests of the export, without any training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from nas.arch import Architecture
from nas.export import ModelFacts, Package
from nas.nn.build import build
from nas.records import Recipe


def made_facts(text: str = "digits", **changes: Any) -> ModelFacts:
    """Return facts of a trained network whose every text is the same."""
    values: dict[str, Any] = dict.fromkeys(("name", "data", "origin"), text)
    values |= {"accuracy": 0.975, "recipe": Recipe(), "seed": 1}
    return ModelFacts(**(values | changes))


def made_package(
    architecture: Architecture,
    weights: Path = Path("nowhere"),
    classes: Sequence[str] | None = None,
    text: str = "digits",
    **facts: Any,
) -> Package:
    """Return a package of an architecture, every channel with its own statistics."""
    channels = architecture.input_shape[0]
    if classes is None:
        classes = [f"class {i}" for i in range(architecture.num_classes)]
    return Package(
        architecture=architecture,
        mean=tuple(1 / (3 + i) for i in range(channels)),
        std=tuple(2 / (7 + i) for i in range(channels)),
        classes=tuple(classes),
        weights=weights,
        facts=made_facts(text, **facts),
    )


def trained(package: Package, seed: int = 0) -> torch.nn.Module:
    """Return its network in eval mode, every weight and statistic with its own value.

    The weights are saved where the package says.
    """
    network = build(package.architecture, package.mean, package.std, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point() and not name.startswith("normalize"):
            noise = torch.rand(tensor.shape, generator=generator)
            tensor.mul_(0.5 + noise).add_(0.1 * noise)
    assert package.weights is not None
    save_file(network.state_dict(), package.weights)
    return network.eval()
