"""Networks trained to be used and tested once, as plain data in the run folder."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, get_args

from nas.errors import ConfigError, RunError
from nas.records import OnTestSplit, Reason, Recipe, Status
from nas.rules import (
    NUMBER,
    PART,
    POSITIVE,
    TEXT,
    Rule,
    check,
    is_time,
    one_of,
    several,
    whole,
)

MOST_SEEDS: Final = 1000
"""More trainings of each network are a slip of the hand."""

_RETRAINING: Final = {
    "contender": TEXT,
    "number": whole(1),
    "status": one_of(*get_args(Status)),
    "seconds": POSITIVE,
    "curve": several(PART),
    "seed": whole(),
    "device": TEXT,
    "error": TEXT.or_none(),
    "reason": one_of(*get_args(Reason)).or_none(),
    "batch_size": whole(1).or_none(),
    "finished": Rule("a time in ISO 8601", is_time),
    "weights": TEXT.or_none(),
}
_TESTED: Final = {
    "accuracy": PART,
    "balanced_accuracy": PART,
    "loss": NUMBER,
    "images": whole(1),
}
_QUANTIZATION: Final = {
    "accuracy": PART,
    "num_bytes": whole(1),
    "float_bytes": whole(1),
}
_FOLDER: Final = re.compile(r"(?:recipe|(?P<epochs>[1-9]\d*))-epochs(?P<all>-on-all)?")


def check_seeds(seeds: int) -> None:
    """Refuse a number of trainings of each network that nobody can mean.

    Raises:
        ConfigError: when it is not from 1 to `MOST_SEEDS`.
    """
    if not 1 <= seeds <= MOST_SEEDS:
        raise ConfigError(f"seeds must be from 1 to {MOST_SEEDS}; got {seeds}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """What trainings must have in common to be compared.

    Args:
        epochs: of every training; None where each has those of its own recipe.
        use_validation: train on the images that were held out for validation, too.
    """

    epochs: int | None = None
    use_validation: bool = False

    def applied(self, recipe: Recipe) -> Recipe:
        """Return what is trained with where a network has some recipe of its own."""
        return recipe if self.epochs is None else replace(recipe, epochs=self.epochs)

    @property
    def options(self) -> tuple[str, ...]:
        """What asks for it on the command line of 'nas retrain'."""
        epochs = () if self.epochs is None else ("--epochs", str(self.epochs))
        return (*epochs, *(["--use-validation"] if self.use_validation else []))

    @property
    def folder(self) -> str:
        """The name of a folder for results by it, such as "30-epochs-on-all"."""
        epochs = "recipe" if self.epochs is None else str(self.epochs)
        return f"{epochs}-epochs{'-on-all' if self.use_validation else ''}"

    @classmethod
    def of_folder(cls, name: str) -> "Protocol | None":
        """Return the protocol whose folder has a name, if there is one."""
        match = _FOLDER.fullmatch(name)
        if match is None:
            return None
        epochs = None if match["epochs"] is None else int(match["epochs"])
        return cls(epochs=epochs, use_validation=match["all"] is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraining:
    """A network trained from scratch, and tested once at its end.

    ``contender`` says which, "trial-7" or "resnet20@300k", and ``number``, from 1 on,
    from which seed: contenders with the same number shuffled the same images alike.
    ``curve`` is the validation accuracy after each epoch, empty where no images were
    held out. ``weights`` is the SHA-256 of the weights' file. The rest is as in
    ``TrialRecord``.
    """

    contender: str
    number: int
    status: Status
    seconds: float
    tested: OnTestSplit | None
    curve: tuple[float, ...]
    seed: int
    device: str
    error: str | None
    reason: Reason | None
    batch_size: int | None
    finished: str
    weights: str | None

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Retraining":
        """Return the result that ``to_json`` wrote.

        Raises:
            RunError: naming a field that it did not write.
        """
        check(data, _RETRAINING)
        tested = data["tested"]
        if tested is not None:
            check(tested, _TESTED)
            tested = OnTestSplit(**tested)
        if (tested is None) is (data["status"] == "complete"):
            raise RunError(f"tested must be there if complete; got {data['status']!r}")
        return cls(**{**data, "curve": tuple(data["curve"]), "tested": tested})


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantization:
    """What a retrained network is in 8-bit integers, tested once like itself.

    ``accuracy`` is on the test split, in [0, 1] and of the kind that is the recipe's
    objective; ``num_bytes`` is the size of its file, ``float_bytes`` that of the
    weights before.
    """

    accuracy: float
    num_bytes: int
    float_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Quantization":
        """Return what ``to_json`` wrote.

        Raises:
            RunError: naming a field that it did not write.
        """
        check(data, _QUANTIZATION)
        return cls(**data)
