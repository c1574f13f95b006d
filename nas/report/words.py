"""An explanation in plain words: what is established, what is not, what would tell."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Final

from nas.records import TrialRecord
from nas.report.effects import FEW, LEAST
from nas.report.explanation import AggregationEffect, Importance

MINUS: Final = "\N{MINUS SIGN}"

_TOLD: Final = 3
"""Established differences of bands that are told one by one."""

_HOPELESS: Final = 20.0
"""A run so many times as long is not worth it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where trials come from.

    Args:
        run: the folder.
        trials: that its search was asked for, None where nobody knows.
        arm: that alone is looked at, None for all.
    """

    run: str = "RUN"
    trials: int | None = None
    arm: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What words are made of.

    ``longer`` tells for a difference how many times as many trials would establish it
    in four of five runs, if it is what it looks like.
    """

    records: Sequence[TrialRecord]
    complete: Sequence[TrialRecord]
    effects: Sequence[AggregationEffect]
    longer: Mapping[AggregationEffect, float]
    importances: Sequence[Importance]
    source: Source


def words(told: Told) -> str:
    """Return the paragraph."""
    number = len(told.complete)
    if number < LEAST:
        more = f"'{_resume(told, LEAST / max(number, 1))}' trains more"
        return (
            f"{_count(number, 'whole training')} can tell nothing about genes or "
            f"aggregations: that takes at least {LEAST}. {_upper(more)}."
        )
    if len({record.accuracy for record in told.complete}) == 1:
        return (
            f"All {number:,} trials reached the same accuracy, "
            f"{_percent(told.complete[0].accuracy or 0.0)}: there is nothing to "
            "explain. More epochs or other data may tell networks apart."
        )
    parts = [
        f"Among {number:,} trials, and at equal size:",
        _importances(told.importances),
        *_aggregations(told),
    ]
    return " ".join(part for part in parts if part)


def points(difference: float) -> str:
    """Return a difference of accuracies in percentage points: '+1.2'."""
    return f"{100 * difference:+.1f}".replace("-", MINUS)


def position(effect: AggregationEffect) -> str:
    """Return where a difference is: 'block 2', 'all blocks'."""
    return "all blocks" if effect.block is None else f"block {effect.block}"


def _importances(importances: Sequence[Importance]) -> str:
    sure = [one for one in importances if one.established]
    if not importances:
        return ""
    if not sure:
        return (
            "No gene by itself explains more of what accuracy varies than the luckiest "
            "of genes would by chance."
        )
    shares = [f"{one.gene} ({100 * one.value:.0f} %)" for one in sure]
    return f"What accuracy varies goes by {_listed(shares)}, beyond chance."


def _aggregations(told: Told) -> list[str]:
    effects = told.effects
    if not effects:
        return [
            "No block has a choice of aggregations in these trials, so there is "
            "nothing to say of sum against concat or hierarchical."
        ]
    known = [effect for effect in effects if effect.established]
    broad = [effect for effect in known if effect.band is None]
    narrow = [effect for effect in known if effect.band is not None]
    parts = [_established(effect) for effect in broad]
    parts += [_established(effect) for effect in narrow[:_TOLD]]
    if (rest := len(narrow) - _TOLD) > 0:
        parts.append(
            f"{rest} more of the differences in bands of size are established."
        )
    parts.append(_open(effects))
    parts.append(_next(told))
    return parts


def _established(effect: AggregationEffect) -> str:
    assert effect.difference is not None
    assert effect.low is not None
    assert effect.high is not None
    more = effect.difference > 0
    low, high = sorted(100 * abs(end) for end in (effect.low, effect.high))
    where = (
        "in all blocks" if effect.block is None else f"in block {effect.block}"
    ) + ("" if effect.band is None else f", of {effect.band.label} parameters,")
    return (
        f"It is established that {effect.one} {where} is "
        f"{100 * abs(effect.difference):.1f} points {'more' if more else 'less'} "
        f"accurate than {effect.other} ({low:.1f} to {high:.1f}; {effect.trials_one} "
        f"and {effect.trials_other} trials)."
    )


def _open(effects: Sequence[AggregationEffect]) -> str:
    """Say what is not established."""
    broad = [e for e in effects if e.band is None]
    left = [e for e in broad if not e.established]
    answered = [e for e in left if e.difference is not None]
    parts = []
    if len(left) == len(broad):
        parts.append("No difference between aggregations is established.")
    elif everywhere := [e for e in answered if e.block is None]:
        said = [f"{e.one} against {e.other} ({_interval(e)})" for e in everywhere]
        parts.append(f"In all blocks, {_listed(said)} is open.")
    in_bands = [e for e in effects if e.band is not None]
    if in_bands and not any(e.established for e in in_bands) and len(left) < len(broad):
        parts.append("Within the bands of size, no difference is established.")
    if unanswered := sum(e.difference is None for e in broad):
        parts.append(
            f"{_count(unanswered, 'comparison')} of {len(broad)} over all sizes had "
            "too few trials on one side."
        )
    return " ".join(parts)


def _next(told: Told) -> str:
    """Say what to run to know more."""
    single = [
        effect
        for effect in told.longer
        if effect.block is not None and effect.band is None and not effect.established
    ]
    ablate = f"nas ablate {quote(told.source.run)}"
    if told.complete:
        best = max(told.complete, key=lambda record: record.accuracy or 0.0)
        ablate += f" --trial {best.trial}"
    asks = (
        f"'{ablate}' asks directly for the best network: it switches its aggregations "
        "at the same size, with several seeds."
    )
    if not single:
        return asks
    closest = min(single, key=lambda effect: told.longer[effect])
    assert closest.difference is not None
    times = told.longer[closest]
    said = (
        f"The open question nearest to an answer is {closest.one} against "
        f"{closest.other} in block {closest.block}: {points(closest.difference)} "
        f"points ({_interval(closest)})."
    )
    if times > _HOPELESS:
        return f"{said} It is too small for any search to establish. {asks}"
    return (
        f"{said} If it is what it looks like, about "
        f"{_round(times * len(told.complete)):,} trials show it: "
        f"'{_resume(told, times)}'. {asks}"
    )


def _resume(told: Told, times: float) -> str:
    asked = told.source.trials or len(told.complete)
    return (
        f"nas resume {quote(told.source.run)} --trials {_round(max(asked, 1) * times)}"
    )


def notes(told: Told) -> tuple[str, ...]:
    """Return the reservations."""
    found = []
    records, complete = told.records, told.complete
    left_out = [
        _count(number, what)
        for what in ("failed", "stopped")
        if (number := sum(record.status == what for record in records))
    ]
    if left_out:
        found.append(f"Left out: {' and '.join(left_out)}.")
    if len(complete) < LEAST:
        return tuple(found)
    if len(complete) < FEW:
        found.append(f"Rough, being from {len(complete)} trials.")
    arms = {record.arm for record in complete}
    if "search" in arms:
        random = sum(record.arm == "random" for record in complete)
        alone = (
            f"The {random:,} trials of the random arm alone are free of that: "
            f"'nas explain {quote(told.source.run)} --arm random'."
            if random >= LEAST
            else "A search with --baseline random has trials that are free of that."
        )
        found.append(
            "The search trains what it believes in, so what it gave up early rests on "
            f"few trials, perhaps unlucky ones. {alone}"
        )
    if told.effects:
        found.append(
            "Intervals hold together: in 1 of 20 runs one or more of the whole table "
            "would miss. Each aggregation is taken with the depths and options it was "
            "trained with."
        )
    return tuple(found)


def _interval(effect: AggregationEffect) -> str:
    assert effect.low is not None
    assert effect.high is not None
    return f"{points(effect.low)} to {points(effect.high)}"


def _count(number: int, what: str) -> str:
    if what in ("failed", "stopped"):
        return f"{number:,} {what}"
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _round(number: float) -> int:
    """Return a number of trials that does not look more exact than it is."""
    step = 10.0 ** max(0, math.floor(math.log10(max(number, 1))) - 1)
    return round(math.ceil(number / step) * step)


def _listed(parts: Iterable[str]) -> str:
    *before, last = parts
    return f"{', '.join(before)} and {last}" if before else last


def _percent(accuracy: float) -> str:
    return f"{100 * accuracy:.2f} %"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
