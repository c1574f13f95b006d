"""Whether a training that came to nothing is tried again, and how."""

from dataclasses import dataclass, replace
from math import isfinite
from typing import Final

from nas.records import EvalResult

_BY_CHANCE: Final = ("lost", "timed out")
"""Failures that say nothing about the network: its process died, or hung."""

_LEAST_BATCH: Final = 2
"""A single image has no batch statistics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of a training.

    ``number`` counts from 1 on; ``lost`` are the tries before it that were lost.
    ``batch_size`` is set where it is not the recipe's, after memory did not suffice.
    """

    number: int = 1
    lost: int = 0
    batch_size: int | None = None

    @property
    def alone(self) -> bool:
        """Whether it has its device to itself: memory did not suffice before."""
        return self.batch_size is not None

    def after(
        self, result: EvalResult, *, batch_size: int, retries: int
    ) -> "Attempt | None":
        """Return the try that follows a failed one, None if there is no point in it.

        Args:
            result: what came of this one.
            batch_size: of the recipe.
            retries: of trainings that are lost.
        """
        half = batch_size // 2
        if result.reason == "out of memory" and not self.alone and half >= _LEAST_BATCH:
            return replace(self, number=self.number + 1, batch_size=half)
        if result.reason in _BY_CHANCE and self.lost < retries:
            return replace(self, number=self.number + 1, lost=self.lost + 1)
        return None

    def explained(self, what: str, result: EvalResult) -> str:
        """Return a line for the user, given what the try before this one came to."""
        if result.reason == "out of memory":
            return (
                f"{what} ran out of memory; it is trained again alone, in batches of "
                f"{self.batch_size}"
            )
        return f"{what}: {result.error}; it is trained again"


def checked(result: EvalResult) -> EvalResult:
    """Return a result whose numbers are finite, or a failure that says they are not.

    Optuna would store an infinite accuracy as a complete trial.

    Raises:
        OSError: the result could not be written, which is no trial's fault.
    """
    if result.reason == "disk full":
        raise OSError(result.error)
    if result.status == "failed":
        return result
    numbers = {
        "accuracy": result.accuracy,
        "loss": result.loss,
        "accuracy at a pause": result.standing,
        # One that is no number comes first, and none that are stay behind it.
        "accuracy of an epoch": min(result.curve, default=None, key=isfinite),
    }
    for name, value in numbers.items():
        if value is not None and not isfinite(value):
            return replace(
                result,
                status="failed",
                accuracy=None,
                loss=None,
                curve=tuple(filter(isfinite, result.curve)),
                standing=None,
                weights=None,
                reason="diverged",
                error=f"diverged: the {name} is {value}",
            )
    return result
