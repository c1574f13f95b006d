"""Why the winners of a run win: what its trials say about genes and aggregations."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from nas.records import TrialRecord
from nas.report.aggregation_effects import ask, longer, settle
from nas.report.bands import Band
from nas.report.effects import LEAST
from nas.report.explanation import Explanation, Importance
from nas.report.front import has_accuracy
from nas.report.words import Source, Told, notes, words

METHOD: Final = "fANOVA of the log error that size leaves unexplained"


def explain(
    records: Iterable[TrialRecord],
    bands: Sequence[Band],
    importances: Sequence[Importance] = (),
    source: Source | None = None,
    *,
    seed: int = 0,
) -> Explanation:
    """Return what accuracy at a given size goes by, among the trials of a run.

    With too few trials, or none that differ, it consists of words that say so.

    Args:
        records: of the run, repeated trials with the mean of their repeats. Those that
            failed or were stopped, or have no genes, are left out.
        bands: of size.
        importances: of the genes, see `nas.search.importances`.
        source: where the records come from, for the commands in the words.
        seed: of the bootstrap.
    """
    every = list(records)
    complete = [record for record in every if has_accuracy(record) and record.genes]
    differ = len({record.accuracy for record in complete}) > 1
    enough = len(complete) >= LEAST and differ
    found = ask(complete, bands, seed) if enough else {}
    effects = settle(found)
    told = Told(
        records=every,
        complete=complete,
        effects=effects,
        longer=longer(found, effects),
        importances=importances if enough else (),
        source=source or Source(),
    )
    return Explanation(
        trials=len(complete),
        method=METHOD,
        importances=tuple(told.importances),
        effects=tuple(
            effect
            if effect.established or effect not in told.longer
            else replace(
                effect, trials_needed=math.ceil(told.longer[effect] * len(complete))
            )
            for effect in effects
        ),
        bands=tuple(bands),
        words=words(told),
        notes=notes(told),
    )
