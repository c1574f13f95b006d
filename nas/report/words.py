"""An explanation in plain words: what is established, what is not, what would tell."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Final

from nas.records import TrialRecord
from nas.report.effects import FEW, LEAST
from nas.report.explanation import AggregationEffect, Importance

_TOLD: Final = 4
"""Established differences of bands that are told one by one."""

_HOPELESS: Final = 20.0
"""A run so many times as long is not worth it."""

_SMALL: Final = 0.001
"""Nor is any for a difference in accuracy below this."""


_NARROW: Final = 0.01
"""A difference that is surely less is too small to look for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where trials come from.

    Args:
        run: the folder.
        trials: that its search was asked for, None where nobody knows.
        minimised: by the search beside its errors, in words.
        random: complete trials of its random arm, None for those among the records.
    """

    run: str = "RUN"
    trials: int | None = None
    minimised: str = "size"
    random: int | None = None


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
        said = (
            f"{_count(number, 'whole training')} can tell nothing about genes or "
            f"aggregations: that takes at least {LEAST}."
        )
        failed = [r for r in told.records if r.status == "failed"]
        if failed and len(failed) == len(told.records):
            error = (failed[0].error or "no reason is known").splitlines()[0]
            return (
                f"{said} {_all_failed(len(failed))}, the first with: {error}. Once the "
                f"cause is mended: {_resume(told, LEAST)}."
            )
        return f"{said} For more: {_resume(told, LEAST)}."
    if len({record.accuracy for record in told.complete}) == 1:
        return (
            f"All {number:,} trials reached the same accuracy, "
            f"{_percent(told.complete[0].accuracy or 0.0)}: there is nothing to "
            "explain. More epochs or other data may tell networks apart."
        )
    sure, unsure = [*_established(told)], [*_open(told)]
    parts = [f"This is what {number:,} trials say of networks of equal size."]
    parts.append(
        f"Established: {'; '.join(sure)}." if sure else "Nothing is established."
    )
    if unsure:
        parts.append(f"Not established: {'; '.join(unsure)}.")
    if not told.effects:
        parts.append(
            "No block has a choice of aggregations in these trials, so there is "
            "nothing to say of sum against concat or hierarchical."
        )
    else:
        parts += _next(told)
    return " ".join(parts)


def points(difference: float) -> str:
    """Return a difference of accuracies in percentage points: '+1.2'."""
    return f"{100 * difference:+.1f}"


def position(effect: AggregationEffect) -> str:
    """Return where a difference is: 'block 2', 'all blocks'."""
    return "all blocks" if effect.block is None else f"block {effect.block}"


def behind(effect: AggregationEffect) -> str:
    """Return how many trials are behind a difference: '20 and 43 trials'."""
    both = f"{effect.trials_one:,} and {effect.trials_other:,} trials"
    return both if effect.block is not None else f"at least {both} a block"


def _established(told: Told) -> Iterator[str]:
    """Yield what is established, a clause each."""
    known = [effect for effect in _said(told) if effect.established]
    broad = [effect for effect in known if effect.band is None]
    told_already = {(effect.block, effect.one, effect.other) for effect in broad}
    narrow = [effect for effect in known if effect.band is not None]
    # What holds for all sizes, too, is no news; what holds in one block says more than
    # what holds in all.
    news = [e for e in narrow if (e.block, e.one, e.other) not in told_already]
    news = sorted(news, key=lambda e: e.block is None)[:_TOLD]
    for effect in (*broad, *news):
        assert effect.low is not None
        assert effect.high is not None
        low, high = sorted(100 * abs(end) for end in (effect.low, effect.high))
        yield (f"{_clause(effect)} ({low:.1f} to {high:.1f}; {behind(effect)})")
    if rest := len(narrow) - len(news):
        yield f"{_count(rest, 'more difference')} in bands of size"
    shares = [
        f"{one.gene} ({100 * one.value:.0f} %)"
        for one in told.importances
        if one.established
    ]
    if shares:
        yield f"genes that explain some of what size leaves open: {_listed(shares)}"


def _open(told: Told) -> Iterator[str]:
    """Yield what is not established, a clause each."""
    effects = _said(told)
    broad = [effect for effect in effects if effect.band is None]
    left = [effect for effect in broad if not effect.established]
    if broad and len(left) == len(broad):
        yield "any difference between aggregations over all sizes"
    else:
        for effect in left:
            if effect.block is None and effect.difference is not None:
                yield (
                    f"{effect.one} against {effect.other} in all blocks "
                    f"({interval(effect)} points)"
                )
    narrow = [effect for effect in effects if effect.band is not None]
    if narrow and not any(effect.established for effect in narrow):
        yield "any difference in a single band of size"
    if none := sum(effect.difference is None for effect in broad):
        yield (
            f"{none} of the {_count(len(broad), 'comparison')} over all sizes, for "
            "which there are too few trials"
        )
    if told.importances and not any(one.established for one in told.importances):
        yield "that any gene alone explains more than the luckiest would by chance"


def _next(told: Told) -> Iterator[str]:
    """Yield sentences on what to run to know more."""
    best = max(told.complete, key=lambda record: record.accuracy or 0.0)
    ablate = (
        f"For the best network, 'nas ablate {quote(told.source.run)} --trial "
        f"{best.trial}' asks directly: it switches aggregations at the same size, with "
        "several seeds."
    )
    single = [
        effect
        for effect in told.longer
        if effect.block is not None and effect.band is None and not effect.established
    ]
    if single:
        closest = min(single, key=lambda effect: told.longer[effect])
        times = told.longer[closest]
        if abs(closest.difference or 0.0) < _SMALL:
            times = math.inf
        nearest = f"{_clause(closest)} ({interval(closest)})"
        if times <= _HOPELESS:
            yield f"Nearest to an answer: {nearest}."
        elif all(_is_narrow(effect) for effect in single):
            yield "What is open is too small for a longer search to tell."
        else:
            yield (
                f"Nothing open looks large enough to say how many trials would tell: "
                f"the nearest is that {nearest}."
            )
        if times <= _HOPELESS:
            trials = _round(times * len(told.complete))
            yield (
                f"If that is so, it takes {trials:,} trials or more to establish it: "
                f"{_resume(told, trials)}."
            )
    yield ablate


def _is_narrow(effect: AggregationEffect) -> bool:
    """Return whether even the ends of an interval are small differences."""
    assert effect.low is not None
    assert effect.high is not None
    return max(abs(effect.low), abs(effect.high)) <= _NARROW


def _said(told: Told) -> list[AggregationEffect]:
    """Return the differences to speak of: where one block has a choice, once."""
    blocks = {effect.block for effect in told.effects} - {None}
    return [
        effect for effect in told.effects if effect.block is not None or len(blocks) > 1
    ]


def _clause(effect: AggregationEffect) -> str:
    """Return a difference in words: 'concat loses 1.2 points to sum in block 2'."""
    assert effect.difference is not None
    won = "wins" if effect.difference > 0 else "loses"
    by = f"{100 * abs(effect.difference):.1f} points"
    over = "over" if effect.difference > 0 else "to"
    where = f"in {position(effect)}"
    if effect.band is not None:
        where += f" at {effect.band.label} parameters"
    return f"{effect.one} {won} {by} {over} {effect.other} {where}"


def _resume(told: Told, trials: int) -> str:
    """Return what to run to have about so many complete trials."""
    complete, run = len(told.complete), quote(told.source.run)
    # The random arm goes along with the search, which is what is asked for.
    searched = sum(record.arm == "search" for record in told.records)
    begun = searched or len(told.records)
    needed = math.ceil(trials * begun / complete) if complete else begun + trials
    asked = told.source.trials or 0
    if needed <= asked and begun < asked:
        return f"let the {asked:,} trials finish ('nas resume {run}' if it was cut off)"
    return f"'nas resume {run} --trials {max(needed, asked + 1)}'"


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
    if not told.effects and not told.importances:
        return tuple(found)
    if len(complete) < FEW:
        found.append(f"Rough, being from {len(complete)} trials.")
    arms = {record.arm for record in complete}
    if "search" in arms:
        random = told.source.random
        if random is None:
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
    if told.source.minimised != "size":
        found.append(
            "Equal size means as many parameters, though the search went by "
            f"{told.source.minimised}."
        )
    if told.effects:
        found.append(
            "Intervals hold together: in about 1 of 20 runs one or more of the whole "
            "table would miss. Each aggregation is taken with the depths and options "
            "it was trained with."
        )
    return tuple(found)


def interval(effect: AggregationEffect) -> str:
    """Return the interval of a difference that is known, in points."""
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


def _all_failed(number: int) -> str:
    return "The only trial failed" if number == 1 else f"All {number:,} trials failed"
