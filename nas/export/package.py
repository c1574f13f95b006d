"""A network on its way out, with everything that its files tell."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nas.arch import Architecture
from nas.export.facts import ModelFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A network that is to be exported.

    Args:
        architecture: of the network.
        mean: of each channel of the images in [0, 1] that it is trained on.
        std: their standard deviations.
        classes: a name for each of the network's outputs; any strings.
        facts: what its files say about it.
        weights: the .safetensors file of the trained network; without one they are
            drawn from the facts' seed.
    """

    architecture: Architecture
    mean: Sequence[float]
    std: Sequence[float]
    classes: Sequence[str]
    facts: ModelFacts
    weights: Path | None = None

    def __post_init__(self) -> None:
        channels = self.architecture.input_shape[0]
        assert len(self.mean) == len(self.std) == channels
        assert len(self.classes) == self.architecture.num_classes
        assert (self.weights is None) == (self.facts.recipe is None)

    def with_facts(self, **changes: Any) -> "Package":
        """Return the same network with other facts, such as a measured latency."""
        return replace(self, facts=replace(self.facts, **changes))
