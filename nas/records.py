"""Plain data that crosses process boundaries and lands in the run folder."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from nas.arch import Architecture, Gene, canonical_hash, from_json, to_json
from nas.errors import ConfigError, unknown
from nas.latency import Latency

OPTIMIZERS: Final = ("sgd", "adamw")
SCHEDULES: Final = ("one-cycle", "cosine")
AUGMENTATIONS: Final = ("none", "light", "standard")
OBJECTIVES: Final = ("accuracy", "balanced-accuracy")
PRECISIONS: Final = ("auto", "float32", "bf16")

RECIPE_GENES: Final = "recipe."
"""What the names of genes begin with that belong to the recipe: "recipe.sgd.lr"."""

Status = Literal["complete", "failed", "stopped"]
Arm = Literal["search", "random"]
ARMS: Final[tuple[Arm, ...]] = get_args(Arm)
Reason = Literal["diverged", "out of memory", "error", "lost", "timed out", "disk full"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything about a training that is not the architecture.

    ``lr`` is the peak of the schedule, ``lr`` and ``weight_decay`` in the optimizer's
    own units. ``augment`` names a policy; with ``flip`` every second image is mirrored,
    left to right, whatever the policy. With ``class_weights`` every class weighs the
    same in the loss, however rare it is. ``objective`` names the accuracy that the
    outcome is judged by. ``precision`` is that of products, weights are float32 in any
    case; a training takes "auto" for bf16 on a GPU and for float32 on a CPU.
    """

    epochs: int = 15
    batch_size: int = 64
    optimizer: str = "sgd"
    lr: float = 0.2
    weight_decay: float = 5e-4
    schedule: str = "one-cycle"
    label_smoothing: float = 0.1
    augment: str = "none"
    flip: bool = False
    class_weights: bool = False
    objective: str = "accuracy"
    precision: str = "auto"

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigError(
                    f"{name} must be an integer of at least 1; got {value!r}"
                )
            if value >= 1 << 63:
                raise ConfigError(f"{name} must be less than 2**63; got {value!r}")
        for name, low, high in (
            ("lr", 0.0, 100.0),
            ("weight_decay", 0.0, 1.0),
            ("label_smoothing", 0.0, 0.9),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ConfigError(f"{name} must be a number; got {value!r}")
            if not low <= value <= high:
                raise ConfigError(f"{name} must be in [{low}, {high}]; got {value!r}")
        for name, known in (
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
            ("augment", AUGMENTATIONS),
            ("objective", OBJECTIVES),
            ("precision", PRECISIONS),
        ):
            value = getattr(self, name)
            if value not in known:
                raise ConfigError(unknown(name, value, known))
        for name in ("flip", "class_weights"):
            value = getattr(self, name)
            if not isinstance(value, bool):
                raise ConfigError(f"{name} must be true or false; got {value!r}")

    def with_genes(self, genes: Mapping[str, Gene] | None) -> "Recipe":
        """Return the recipe with the values that some of the genes give it."""
        own: Any = recipe_genes(genes)
        return replace(self, **own) if own else self


def recipe_genes(genes: Mapping[str, Gene] | None) -> dict[str, Gene]:
    """Return a recipe's fields that are among the genes, with their values.

    Numbers have six digits: what a sampler's arithmetic adds to 0.2 is no other recipe.
    """
    return {
        name.rpartition(".")[2]: (
            float(f"{value:.6g}") if isinstance(value, float) else value
        )
        for name, value in (genes or {}).items()
        if name.startswith(RECIPE_GENES)
    }


def recipe_hash(genes: Mapping[str, Gene] | None) -> str:
    """Return 16 hexadecimal digits of what the genes say about the recipe.

    Empty where they say nothing: the recipe is then the run's.
    """
    if not (own := recipe_genes(genes)):
        return ""
    return hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()[:16]


def candidate_key(architecture: Architecture) -> str:
    """Return what is the same for the same network with the same recipe."""
    own = recipe_hash(architecture.genes)
    return "/".join(filter(None, (canonical_hash(architecture), own)))


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalRequest:
    """One training to be done: what, how, with which seed, and where to write.

    One that is to be ``alone`` has its device to itself. With a ``stop_epoch`` the
    training pauses once it has had so many epochs; a later request goes on from there,
    which will have had ``start_epoch``. One that takes longer than ``timeout_seconds``
    is given up, where it has a process to itself. ``row`` is what TensorBoard's table
    calls it; of trainings with the same name that shows the mean.
    """

    trial: int
    architecture: Architecture
    recipe: Recipe
    seed: int
    folder: str
    alone: bool = False
    start_epoch: int = 0
    stop_epoch: int | None = None
    timeout_seconds: float | None = None
    row: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTestSplit:
    """What a trained network reached on the test split, which it sees this once.

    Accuracies are in [0, 1], the loss is the mean cross-entropy of ``images`` images.
    """

    accuracy: float
    balanced_accuracy: float
    loss: float
    images: int

    def objective(self, recipe: Recipe) -> float:
        """Return the accuracy that the recipe is judged by."""
        if recipe.objective == "balanced-accuracy":
            return self.balanced_accuracy
        return self.accuracy


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalResult:
    """What came of a training; a failure is data, told in a line of ``error``.

    ``reason`` is the kind of a failure; "lost" is one that has not come back, "disk
    full" one whose results could not be written. ``traceback`` tells where an exception
    came from. ``notes``
    are lines about what went another way than it should, though not wrong. One that was
    "stopped" has paused where it was to; it has a curve, and no accuracy of its own.
    ``standing`` is the accuracy that it is judged by where it paused, and ``epochs`` of
    those in the curve were trained for this result. ``accuracy`` and
    ``loss`` are those on the validation split after the last epoch, ``curve`` is the
    validation accuracy after each epoch, accuracies in [0, 1] and of the kind that is
    the recipe's objective; all three are empty where nothing was held out for
    validation. ``weights`` is the SHA-256 of the file of trained weights, in
    hexadecimal digits. ``tested`` is there where the worker has a test split.
    """

    trial: int
    status: Status
    seconds: float
    accuracy: float | None = None
    loss: float | None = None
    curve: tuple[float, ...] = ()
    device: str = ""
    error: str | None = None
    reason: Reason | None = None
    notes: tuple[str, ...] = ()
    epochs: int | None = None
    standing: float | None = None
    traceback: str | None = None
    weights: str | None = None
    tested: OnTestSplit | None = None


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """A finished trial as its ``result.json`` keeps it: the run's source of truth.

    ``batch_size`` is that of the training where it is not the recipe's. ``arm`` tells
    who proposed it: the search, or random search beside it. A trial that was "stopped"
    early by successive halving has a curve, and no accuracy or loss of its own.
    ``epochs_spent`` are those of its curve, and more where some of them had to be
    trained again; None in records from before there were such. ``standings`` are
    pairs of the epochs where it paused, and the accuracy it was judged by there.
    ``attempts`` counts the trainings it took, those that came to nothing among them.
    ``skipped`` counts the proposals right before it that were networks of the run
    already, None in records of old.
    ``weights`` is the SHA-256 of its file of weights, None in records of old.
    ``latency`` is what the search measured, None where it had no use for it.
    """

    trial: int
    architecture: Architecture
    params: int
    macs: int
    status: Status
    seconds: float
    accuracy: float | None
    loss: float | None
    curve: tuple[float, ...]
    seed: int
    device: str
    error: str | None
    finished: str
    """Time of the end, ISO 8601 in UTC."""
    reason: Reason | None = None
    batch_size: int | None = None
    arm: Arm = "search"
    epochs_spent: int | None = None
    standings: tuple[tuple[int, float], ...] = ()
    attempts: int = 1
    skipped: int | None = None
    weights: str | None = None
    latency: Latency | None = None

    @cached_property
    def hash(self) -> str:
        """The canonical hash of the architecture."""
        return canonical_hash(self.architecture)

    if not TYPE_CHECKING:  # where it would be the answer to any name

        def __getattr__(self, name: str) -> Any:
            text = self.__dict__.get("_architecture")
            if name != "architecture" or text is None:
                raise AttributeError(name)
            plugins = self.__dict__["_plugins"]
            self.__dict__[name] = from_json(json.loads(text), plugins)
            return self.__dict__[name]

    @property
    def key(self) -> str:
        """What `candidate_key` is for the architecture with its genes."""
        return "/".join(filter(None, (self.hash, self.recipe_hash)))

    @property
    def recipe(self) -> dict[str, Gene]:
        """The fields of the recipe that are this trial's own, as it was trained."""
        own = recipe_genes(self.genes)
        if self.batch_size is not None and "batch_size" in own:
            own["batch_size"] = self.batch_size
        return own

    @property
    def recipe_hash(self) -> str:
        """The hash of the recipe's own fields; empty without any."""
        return recipe_hash(self.genes)

    @property
    def trained_epochs(self) -> int:
        """The epochs that were trained for it; in records of old those of its curve."""
        return len(self.curve) if self.epochs_spent is None else self.epochs_spent

    def trained_with(self, recipe: Recipe) -> Recipe:
        """Return what the trial was trained with, given its run's recipe."""
        own = recipe.with_genes(self.genes)
        if self.batch_size is None:
            return own
        return replace(own, batch_size=self.batch_size)

    @cached_property
    def genes(self) -> Mapping[str, Gene] | None:
        """The choices that the trial came from, without decoding the rest.

        Those of the recipe are among them, see ``RECIPE_GENES``.
        """
        text = self.__dict__.get("_architecture")
        if text is None or "architecture" in self.__dict__:
            return self.architecture.genes
        genes: Mapping[str, Gene] | None = json.loads(text).get("genes")
        return genes

    @cached_property
    def aggregations(self) -> tuple[str, ...]:
        """The kind of each block's aggregation, the class of a custom one.

        It decodes nothing, for a report asks all trials.
        """
        text = self.__dict__.get("_architecture")
        if text is None or "architecture" in self.__dict__:
            parts = (block.aggregation for block in self.architecture.blocks)
            return tuple(getattr(part, "name", part.kind) for part in parts)
        trees = (block["aggregation"] for block in json.loads(text)["blocks"])
        return tuple(tree.get("name", tree["kind"]) for tree in trees)

    def with_accuracy(self, accuracy: float) -> "TrialRecord":
        """Return the same with another accuracy; decodes nothing."""
        record = object.__new__(type(self))
        record.__dict__.update(self.__dict__, accuracy=accuracy)
        return record

    def facts(self) -> dict[str, Any]:
        """Return everything but the architecture as plain JSON data."""
        names = (field.name for field in fields(self) if field.name != "architecture")
        found = {name: getattr(self, name) for name in names}
        if self.latency is not None:
            found["latency"] = self.latency.to_json()
        return found

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain JSON data."""
        derived: dict[str, Any] = {"hash": self.hash}
        if self.recipe:
            derived |= {"recipe": self.recipe, "recipe_hash": self.recipe_hash}
        return self.facts() | derived | {"architecture": to_json(self.architecture)}

    @classmethod
    def from_json(
        cls, data: Mapping[str, Any], plugins: Iterable[Path] = ()
    ) -> "TrialRecord":
        """Return the record that ``to_json`` wrote; ``plugins`` as in ``nas.arch``.

        Raises:
            KeyError: of a field that is missing and has no default.
        """
        names = {field.name for field in fields(cls)}
        known = {name: value for name, value in data.items() if name in names}
        for field in fields(cls):
            if field.default is MISSING and field.name not in known:
                raise KeyError(field.name)
        known["architecture"] = from_json(known["architecture"], plugins)
        known["curve"] = tuple(known["curve"])
        known["standings"] = _pairs(known.get("standings", ()))
        known["latency"] = _latency(known.get("latency"))
        return cls(**known)

    @classmethod
    def stored(
        cls,
        facts: Mapping[str, Any],
        hash: str,
        architecture: str | bytes,
        plugins: tuple[Path, ...] = (),
    ) -> "TrialRecord":
        """Return a record whose architecture is decoded when somebody asks for it.

        Args:
            facts: what ``facts`` returned.
            hash: of the architecture.
            architecture: its JSON text, known to be right.
            plugins: as in ``nas.arch``.
        """
        record = object.__new__(cls)
        record.__dict__.update(
            facts,
            curve=tuple(facts["curve"]),
            standings=_pairs(facts.get("standings", ())),
            latency=_latency(facts.get("latency")),
            hash=hash,
            _architecture=architecture,
            _plugins=plugins,
        )
        return record


def _pairs(given: Iterable[Iterable[Any]]) -> tuple[tuple[int, float], ...]:
    return tuple((epochs, accuracy) for epochs, accuracy in given)


def _latency(given: Mapping[str, Any] | None) -> Latency | None:
    return None if given is None else Latency.from_json(given)


def recipe_to_json(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe as plain JSON data."""
    return asdict(recipe)
