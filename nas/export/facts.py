"""What an exported model says about itself, beyond what its architecture tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nas.latency import Latency
from nas.records import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class TestedFacts:
    """What full trainings of a network reached on the test split, in [0, 1].

    ``accuracies`` are pairs of a training's seed and its accuracy, ``seed`` is that of
    the training whose weights are exported. ``mean`` and ``std`` are over the
    trainings, and ``low`` to ``high`` is the 95 % interval of the mean: None where
    there are too few of them. ``images`` is the number of test images; with
    ``with_validation`` the validation images were trained on as well.
    """

    accuracies: tuple[tuple[int, float], ...]
    seed: int
    mean: float
    std: float | None
    low: float | None
    high: float | None
    images: int
    with_validation: bool

    @property
    def accuracy(self) -> float:
        """What the exported weights reached."""
        return dict(self.accuracies)[self.seed]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """How many images a network has learnt from and was judged by.

    ``train`` of them were trained on and ``validation`` others told networks apart;
    no search sees the ``test`` images.
    """

    train: int
    validation: int
    test: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizedFacts:
    """A smaller form of the network: its file, its bytes and what it reaches.

    ``accuracy`` is in [0, 1], ``split`` names the images that it was measured on.
    """

    file: str
    scheme: str
    accuracy: float
    split: str
    num_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """Where a model comes from and what it reaches; texts may be any strings.

    What is None or empty is not known, and the model's files do not speak of it. A
    model without a ``recipe`` is untrained: its weights were drawn from ``seed``.
    """

    name: str
    data: str
    """The data set that it was trained on."""
    origin: str
    """Such as "trial 7 of runs/a"."""
    seed: int
    recipe: Recipe | None = None
    accuracy: float | None = None
    """What the search has seen: on the validation split, of the recipe's objective."""
    repeats: tuple[tuple[int, float], ...] = ()
    """Seeds and validation accuracies of further trainings of the same network."""
    tested: TestedFacts | None = None
    images: ImageFacts | None = None
    latency: tuple[Latency, ...] = ()
    quantized: QuantizedFacts | None = None
    commands: tuple[tuple[str, ...], ...] = ()
    """The command lines that it came from, each a program and its arguments."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of what it was trained with, such as {"torch": "2.9.0"}."""

    @property
    def metric(self) -> str:
        """What its accuracies are called."""
        if self.recipe is None:
            return "accuracy"
        return self.recipe.objective.replace("-", " ")
