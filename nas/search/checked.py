"""Whether what lies in a trial's folder is what a search has written there."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, get_args

from nas.arch import Architecture
from nas.errors import shown
from nas.nn.cost import num_params
from nas.records import Arm, Reason, Status, TrialRecord
from nas.rules import NUMBER, Rule, check, is_time, several, tuple_of, whole

_SHAPES: Final = {
    "curve": several(NUMBER),
    "standings": several(tuple_of(whole(), NUMBER)),
    "latency": Rule("an object", lambda v: isinstance(v, Mapping)).or_none(),
    "finished": Rule("a time in ISO 8601", is_time),
}
"""What must hold before a result can be taken apart."""

_STATUSES: Final = get_args(Status)
_ARMS: Final = get_args(Arm)
_REASONS: Final = (None, *get_args(Reason))


def trial_number(folder: str) -> int | None:
    """Return the number of the trial in a folder of some name, None for no trial's."""
    if folder.isascii() and folder.isdecimal() and f"{int(folder):05d}" == folder:
        return int(folder)
    return None


def json_data(raw: bytes) -> Any:
    """Return what JSON stands for, which has no word for NaN and infinity.

    Raises:
        ValueError: when it is no JSON.
    """

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no number of JSON")

    try:
        return json.loads(raw, parse_constant=refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def result_data(raw: bytes) -> Mapping[str, Any]:
    """Return what a ``result.json`` says.

    Raises:
        ValueError: when it is not of the shape of one.
    """
    data = json_data(raw)
    if not isinstance(data, Mapping):
        raise ValueError(f"it must hold an object; got {shown(data)}")
    check(data, _SHAPES)
    return data


def checked(record: TrialRecord, number: int) -> TrialRecord:
    """Return the record of a trial's folder, whose values are possible ones.

    Raises:
        ValueError: saying which is not.
    """
    complete = record.status == "complete"
    rules: dict[str, bool] = {
        "trial": type(record.trial) is int and record.trial == number,
        "status": record.status in _STATUSES,
        "arm": record.arm in _ARMS,
        "reason": record.reason in _REASONS,
        "params": _counts(record.params),
        "macs": _counts(record.macs),
        "seed": _counts(record.seed),
        "attempts": _counts(record.attempts),
        "skipped": record.skipped is None or _counts(record.skipped),
        "seconds": _is_number(record.seconds) and record.seconds >= 0,
        "accuracy": _is_share(record.accuracy) if complete else record.accuracy is None,
        "loss": _is_number(record.loss) if complete else record.loss is None,
        "curve": all(map(_is_share, record.curve)),
        "standings": all(
            _counts(epochs) and _is_share(accuracy)
            for epochs, accuracy in record.standings
        ),
        "batch_size": record.batch_size is None or _counts(record.batch_size),
        "epochs_spent": record.epochs_spent is None or _counts(record.epochs_spent),
        "finished": isinstance(record.finished, str),
    }
    for name, fine in rules.items():
        if not fine:
            value = getattr(record, name)
            raise ValueError(f"{name} cannot be {value!r:.60}")
    return record


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What every network of a run has in common; None where the run does not say."""

    input_shape: tuple[int, ...] | None
    num_classes: int | None
    max_params: int

    @classmethod
    def of(cls, facts: Mapping[str, Any], max_params: int) -> "Own":
        """Return it for the facts about a run's data, and its budget."""
        shape, classes = facts.get("shape"), facts.get("classes")
        return cls(
            input_shape=None if shape is None else tuple(shape),
            num_classes=None if classes is None else len(classes),
            max_params=max_params,
        )

    def check(self, architecture: Architecture) -> None:
        """Refuse a network of another run.

        Raises:
            ValueError: saying what gives it away.
        """
        shape, classes = self.input_shape, self.num_classes
        if shape is not None and architecture.input_shape != shape:
            raise ValueError(
                f"is of another run: for images of {architecture.input_shape}, "
                f"and not {shape}"
            )
        if classes is not None and architecture.num_classes != classes:
            raise ValueError(
                f"is of another run: for {architecture.num_classes} classes, "
                f"and not {classes}"
            )
        size = num_params(architecture)
        if size > self.max_params:
            raise ValueError(
                f"is of another run: {size:,} parameters are more than "
                f"{self.max_params:,}"
            )


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and isfinite(value)  # type: ignore[arg-type]


def _is_share(value: object) -> bool:
    return _is_number(value) and 0 <= value <= 1  # type: ignore[operator]


def _counts(value: object) -> bool:
    return type(value) is int and value >= 0
