"""Ablations of a run, as they are on disk."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from statistics import fmean

from nas.errors import RunError, SpecError
from nas.records import Recipe
from nas.report.ablated import Ablation, Variant, ablation
from nas.retraining import Protocol
from nas.search import RunFolder
from nas.search.ablation_shelves import ablated_trials, ablation_shelf
from nas.search.contenders import Contender
from nas.search.retrain_files import Retrained, read_retrained
from nas.space.resized import resized
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
    made = variants_of(run, base.contender, {one.contender.name for one in several})
    return ablation(
        trial=trial,
        protocol=protocol,
        epochs=protocol.applied(recipe).epochs,
        kind=recipe.objective.replace("-", " "),
        images=run.facts()["test"],
        base=_variant(base, recipe),
        variants=[_variant(each, recipe) for each in several if each is not base],
        left_out=made.left_out,
        to_come=len(made.to_train),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """What is to be trained beside a trial; ``left_out`` says what cannot be."""

    to_train: tuple[Contender, ...]
    left_out: tuple[str, ...]


def variants_of(
    run: RunFolder, base: Contender, trained: Container[str] = ()
) -> Variants:
    """Return the variants of a trial at its size, but for those that are trained."""
    made = switches(base.architecture, run.space())
    to_train, left_out, params = [], list(made.left_out), base.params
    for switch in made.variants:
        if switch.name in trained:
            continue
        try:
            network = resized(switch.architecture, params)
        except SpecError as error:
            left_out.append(f"{switch.name}: {error}")
            continue
        to_train.append(
            Contender(
                name=switch.name,
                architecture=network,
                recipe=base.recipe,
                target=params,
            )
        )
    return Variants(to_train=tuple(to_train), left_out=tuple(left_out))


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
        error=next((t.error for t in trainings if t.tested is None), None),
        seconds=fmean(training.seconds for training in trainings),
    )
