"""What happens during a search, for whoever shows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nas.noise import Repeat
from nas.records import TrialRecord
from nas.retraining import Quantization, Retraining
from nas.search.config import SearchConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """The search is ready to train; ``finished`` trials are there from before.

    ``searched`` are the recipe's genes, if any, each with what it may be.
    """

    path: Path
    config: SearchConfig
    facts: Mapping[str, Any]
    workers: int
    finished: tuple[TrialRecord, ...]
    searched: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A candidate went to a worker."""

    trial: int
    params: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A candidate was trained, or failed; its record is already safe on disk."""

    record: TrialRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """A candidate has come to a rung of successive halving, and may go on later.

    Its record, and what it takes to go on, are already safe on disk.
    """

    record: TrialRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoted:
    """A candidate that had paused is trained on, until it has had ``epochs`` in all."""

    trial: int
    params: int
    epochs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """A trial was trained again; it is the latest of the ``asked`` repeats."""

    repeat: Repeat
    finished: int
    asked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainingBegun:
    """Contenders are about to be trained to the end; ``asked`` trainings are left."""

    path: Path
    contenders: tuple[str, ...]
    epochs: tuple[int, ...]
    seeds: int
    asked: int
    workers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainingStarted:
    """A training of a contender went to a worker."""

    contender: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainingFinished:
    """A contender was trained and tested; the result is already safe on disk."""

    training: Retraining
    accuracy: float | None
    """On the test split, of the recipe's objective."""
    finished: int
    asked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainingQuantized:
    """A trained contender was quantised and tested; that is already safe on disk."""

    contender: str
    number: int
    quantization: Quantization
    finished: int
    asked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that the user should know and that stops nothing."""

    text: str


Event = (
    Begun
    | Started
    | Paused
    | Promoted
    | Finished
    | Repeated
    | RetrainingBegun
    | RetrainingStarted
    | RetrainingFinished
    | RetrainingQuantized
    | Notice
)
