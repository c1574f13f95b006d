"""What an exported model says about itself, beyond what its architecture tells."""

from dataclasses import dataclass

from nas.records import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """Where a model comes from and what it reaches; texts may be any strings."""

    name: str
    data: str
    """The data set that it was trained on."""
    accuracy: float
    """On the validation split, in [0, 1]."""
    recipe: Recipe
    seed: int
    origin: str
    """Such as "trial 7 of runs/a"."""
