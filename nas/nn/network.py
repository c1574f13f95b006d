"""A whole network as a module."""

from torch import Tensor, nn


class Network(nn.Module):
    """Normalise, stem, blocks in a row, head: images (N, C, H, W) to logits."""

    def __init__(
        self,
        normalize: nn.Module,
        stem: nn.Module,
        blocks: nn.Sequential,
        head: nn.Module,
    ) -> None:
        super().__init__()
        self.normalize = normalize
        self.stem = stem
        self.blocks = blocks
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, C, H, W) in [0, 1] to logits (N, classes)."""
        x = self.stem(self.normalize(x))
        return self.head(self.blocks(x))


class FusedNetwork(nn.Module):
    """A network whose head sees the output of every stage.

    ``blocks`` are grouped by stage.
    """

    def __init__(
        self,
        normalize: nn.Module,
        stem: nn.Module,
        blocks: nn.Sequential,
        fusion: nn.Module,
        head: nn.Module,
    ) -> None:
        super().__init__()
        self.normalize = normalize
        self.stem = stem
        self.blocks = blocks
        self.fusion = fusion
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, C, H, W) in [0, 1] to logits (N, classes)."""
        x = self.stem(self.normalize(x))
        stages = []
        for stage in self.blocks:
            x = stage(x)
            stages.append(x)
        return self.head(self.fusion(stages))


class DeepSupervision(nn.Module):
    """A network and its auxiliary heads, together for training.

    The network itself stays as it is; a hook on each block that has a head hands over
    the block's output. In evaluation the heads are left out.

    Args:
        network: gives the logits.
        heads: each with the block of the network whose output it classifies.
    """

    def __init__(
        self, network: nn.Module, heads: list[tuple[nn.Module, nn.Module]]
    ) -> None:
        super().__init__()
        self.network = network
        self.heads = nn.ModuleList(head for _, head in heads)
        self._features: list[Tensor | None] = [None] * len(heads)
        for i, (block, _) in enumerate(heads):
            block.register_forward_hook(self._keep(i))

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, list[Tensor]]:
        """Map images (N, C, H, W) to logits, in training with those of every head."""
        logits = self.network(x)
        features, self._features = self._features, [None] * len(self.heads)
        if not self.training:
            return logits
        heads = zip(self.heads, features, strict=True)
        return logits, [head(seen) for head, seen in heads]

    def _keep(self, i: int):  # type: ignore[no-untyped-def]
        def hook(_: nn.Module, __: tuple[Tensor, ...], output: Tensor) -> None:
            self._features[i] = output

        return hook
