"""Whether a search has nothing left to train."""

from collections.abc import Mapping, Sequence

from nas.noise import Repeat
from nas.records import TrialRecord
from nas.report import pareto_front
from nas.search.config import SearchConfig


def is_done(
    config: SearchConfig,
    records: Sequence[TrialRecord],
    repeats: Mapping[int, Sequence[Repeat]],
) -> bool:
    """Return whether a search has all that it was asked for.

    Those are its trials, as much of its baseline, and the repeats of its first front.
    A search that has used up its space has fewer trials, and counts as not done.

    Args:
        config: of the search.
        records: its finished trials; none may be under way.
        repeats: those of each trial that has any.
    """
    own = [record for record in records if record.arm == "search"]
    if len(own) < config.trials:
        return False
    if config.baseline is not None:
        beside = [record for record in records if record.arm != "search"]
        spent, asked = (
            sum(charged_epochs(record, config) for record in arm)
            for arm in (beside, own)
        )
        if spent < asked:
            return False
    return config.repeats == 1 or all(
        len(repeats.get(record.trial, ())) >= config.repeats - 1
        for record in pareto_front(records, config.costs)
    )


def charged_epochs(record: TrialRecord, config: SearchConfig) -> int:
    """Return the epochs of a trial; a failed one has had all that it began."""
    spent = record.trained_epochs
    if record.status != "failed":
        return spent
    if record.arm == "search" and config.halving:
        paused = max((epochs for epochs, _ in record.standings), default=0)
        begun = next(rung for rung in config.rungs if rung > paused)
    else:
        begun = config.recipe.with_genes(record.genes).epochs
    return max(begun, spent)
