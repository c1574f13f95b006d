"""Ablations of a run, as they are on disk."""

from collections.abc import Sequence
from statistics import fmean

from nas.errors import RunError
from nas.records import Recipe
from nas.report.ablated import Ablation, Variant, ablation
from nas.retraining import Protocol
from nas.search import RunFolder
from nas.search.ablation_shelves import ablated_trials, ablation_shelf
from nas.search.retrain_files import Retrained, read_retrained
from nas.space.switched import switches


def read_ablations(run: RunFolder) -> tuple[Ablation, ...]:
    """Return the ablations of a run by their trials, the latest of each trial last.

    Raises:
        RunError: when one cannot be read.
    """
    return tuple(
        found
        for trial in ablated_trials(run)
        for protocol, several in read_retrained(run, ablation_shelf(trial)).items()
        if (found := _ablation(run, trial, protocol, several)) is not None
    )


def latest_ablation(run: RunFolder, trial: int, protocol: Protocol) -> Ablation:
    """Return the ablation of a trial by a protocol.

    Raises:
        RunError: when there is none, or it cannot be read.
    """
    for found in read_ablations(run):
        if (found.trial, found.protocol) == (trial, protocol):
            return found
    raise RunError(
        f"{run.path} has no ablation of trial {trial}; 'nas ablate' makes one"
    )


def _ablation(
    run: RunFolder, trial: int, protocol: Protocol, several: Sequence[Retrained]
) -> Ablation | None:
    """Return what it says, None where the trial itself has not been trained yet."""
    base = next((r for r in several if r.contender.trial is not None), None)
    if base is None:
        return None
    recipe = base.contender.recipe
    return ablation(
        trial=trial,
        protocol=protocol,
        epochs=protocol.applied(recipe).epochs,
        kind=recipe.objective.replace("-", " "),
        images=run.facts()["test"],
        base=_variant(base, recipe),
        variants=[_variant(each, recipe) for each in several if each is not base],
        left_out=switches(base.contender.architecture, run.space()).left_out,
    )


def _variant(retrained: Retrained, recipe: Recipe) -> Variant:
    trainings = retrained.trainings
    return Variant(
        name=retrained.contender.name,
        architecture=retrained.contender.architecture,
        reached={
            training.number: training.tested.objective(recipe)
            for training in trainings
            if training.tested is not None
        },
        failed=sum(training.tested is None for training in trainings),
        seconds=fmean(training.seconds for training in trainings),
    )
