"""From an architecture to a network with fresh weights."""

import torch
from torch import nn

from nas.arch import Architecture
from nas.nn.layout import Layout, layout
from nas.nn.network import DeepSupervision, FusedNetwork, Network


def build(
    architecture: Architecture,
    mean: tuple[float, ...] | None = None,
    std: tuple[float, ...] | None = None,
    seed: int | None = None,
) -> Network | FusedNetwork:
    """Return the network of an architecture, its weights drawn from ``seed``.

    The weights depend on the seed alone, not on torch's global state, which stays as
    it was; without a seed they are drawn from that state.
    """
    parts = layout(architecture, mean, std)
    with torch.random.fork_rng(devices=[], enabled=seed is not None):
        if seed is not None:
            torch.default_generator.manual_seed(seed)  # and no device's
        network = _network(parts)
        network.apply(_initialize)
    return network


def supervised(
    architecture: Architecture, network: Network | FusedNetwork, seed: int | None = None
) -> DeepSupervision:
    """Return a network together with the auxiliary heads of its architecture.

    Weights of the heads are drawn as in ``build``.
    """
    blocks = block_modules(architecture, network)
    with torch.random.fork_rng(devices=[], enabled=seed is not None):
        if seed is not None:
            torch.default_generator.manual_seed(seed)
        heads = [(blocks[i], call()) for i, call in layout(architecture).aux]
        for _, head in heads:
            head.apply(_initialize)
    return DeepSupervision(network, heads)


def block_modules(
    architecture: Architecture, network: Network | FusedNetwork
) -> list[nn.Module]:
    """Return the modules of an architecture's blocks, whatever stage they stand in."""
    if isinstance(network, Network):
        return list(network.blocks)
    found: list[nn.Module] = []
    for end, stage in zip(architecture.stage_ends, network.blocks, strict=True):
        # A stage of one block is that block.
        found += [stage] if len(found) == end else stage.children()
    return found


def _network(parts: Layout) -> Network | FusedNetwork:
    normalize, stem = parts.normalize(), parts.stem()
    blocks = nn.Sequential(*(call() for call in parts.blocks))
    if parts.fusion is None:
        return Network(normalize, stem, blocks, parts.head())
    return FusedNetwork(normalize, stem, blocks, parts.fusion(), parts.head())


def _initialize(module: nn.Module) -> None:
    """Draw convolutions as He et al. 2015, keeping the gradients' variance."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
