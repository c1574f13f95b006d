"""Trained networks of a run as packages, and their export with other formats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from nas.arch import Architecture
from nas.data import load, retraining_data
from nas.errors import DataError, RunError
from nas.export import (
    CARD,
    HUB_CARD,
    INT8,
    STEPS,
    AddInt8,
    ImageFacts,
    ModelFacts,
    Package,
    QuantizedFacts,
    Step,
    TestedFacts,
    check_formats,
    write,
)
from nas.records import TrialRecord
from nas.report import spread
from nas.retraining import Protocol
from nas.search import RunFolder
from nas.search.changes import check_data
from nas.search.mending import file_digest
from nas.search.noise_files import read_repeats
from nas.search.retrain_files import (
    Retrained,
    quantization_beside,
    read_retrained,
    weights_path,
)

_OPTIONS: Final = {
    "onnx": ("--onnx",),
    "torch-export": ("--torch-export",),
    "hub": ("--hub",),
    INT8: ("--quantize", INT8),
}
"""What asks for each format on the command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written: the path of ``model.py``, and of the quantised form if any."""

    model: Path
    quantized: QuantizedFacts | None


def options_of(formats: Sequence[str]) -> list[str]:
    """Return what asks for some formats on the command line."""
    return [word for name in formats for word in _OPTIONS[name]]


def export(
    run: RunFolder, package: Package, to: Path, formats: Sequence[str] = ()
) -> Exported:
    """Write a package of a run to a folder that is empty or not there yet.

    Raises:
        NasError: as `Run.export` does.
    """
    check_formats(formats)
    *before, last = package.facts.commands
    asked = options_of(formats)
    package = package.with_facts(commands=(*before, (*last, *asked)))
    chosen = [STEPS[name] for name in formats if name != INT8]
    if INT8 in formats:
        chosen.append(_quantization(run, package))
    quantized: list[QuantizedFacts | None] = []

    def keep(_: Path, package: Package) -> Package:
        quantized.append(package.facts.quantized)
        return package

    card = HUB_CARD if "hub" in formats else CARD
    model = write(to, package, [*chosen, keep], card)
    return Exported(model=model, quantized=quantized[0])


def trial_package(run: RunFolder, record: TrialRecord) -> Package:
    """Return a trial with the weights of the search as what can be exported.

    Raises:
        RunError: when the trial failed or its weights are gone.
    """
    number = record.trial
    if record.status != "complete":
        cause = f"failed ({record.error})"
        if record.status == "stopped":
            whole = run.config().recipe.epochs
            cause = f"was stopped after {len(record.curve)} of {whole} epochs"
        raise RunError(
            f"trial {number} {cause}; choose another --trial, or train it with "
            f"'nas retrain {run.path} --trials {number}'"
            if record.status == "stopped"
            else f"trial {number} {cause}; choose another --trial"
        )
    weights = run.weights_path(number)
    _check_weights(
        weights,
        record.weights,
        f"trial {number}",
        "choose another --trial",
        f"'nas resume {run.path}'",
    )
    again = read_repeats(run).get(number, ())
    facts = _facts(
        run,
        name=f"{run.path.name}, trial {number}",
        origin=f"trial {number} of {run.path}",
        seed=record.seed,
        recipe=record.trained_with(run.config().recipe),
        accuracy=record.accuracy,
        repeats=tuple(
            (repeat.seed, repeat.accuracy)
            for repeat in again
            if repeat.accuracy is not None
        ),
        commands=(("nas", "export", str(run.path), "--trial", str(number)),),
    )
    return _package(run, record.architecture, weights, facts)


def first_training(run: RunFolder, contender: str) -> int | None:
    """Return the first seed by which the latest retraining has a contender's weights.

    Raises:
        RunError: when a result cannot be read.
    """
    found = _latest(run, contender)
    if found is None:
        return None
    numbers = [t.number for t in found[1].trainings if t.tested is not None]
    return min(numbers, default=None)


def retrained_package(
    run: RunFolder, contender: str, number: int, searched: float | None = None
) -> Package:
    """Return a retrained network as what can be exported, of the latest retraining.

    Args:
        run: where it was retrained.
        contender: "trial-7", or a known network such as "resnet20@300k".
        number: of the training, from 1 on.
        searched: what the search saw of a trial, on the validation split.

    Raises:
        RunError: when there is no such training, it failed, or its weights are gone.
    """
    found = _latest(run, contender)
    if found is None:
        raise RunError(
            f"{contender} was not retrained in {run.path}; 'nas retrain' does it"
        )
    protocol, retrained = found
    complete = {t.number: t for t in retrained.trainings if t.tested is not None}
    if number not in complete:
        seeds = ", ".join(map(str, complete)) or "none"
        raise RunError(
            f"{contender} has no training of seed {number} in {run.path}; its latest "
            f"retraining ({protocol.folder}) has {seeds}"
        )
    training = complete[number]
    weights = weights_path(run, protocol, contender, number)
    _check_weights(
        weights,
        training.weights,
        f"{contender}, seed {number},",
        "choose another --seed",
        "the same 'nas retrain' again",
    )
    recipe = protocol.applied(retrained.contender.recipe)
    if training.batch_size is not None:  # memory did not suffice for the recipe's
        recipe = replace(recipe, batch_size=training.batch_size)
    reached = {
        t.seed: t.tested.objective(recipe) for t in complete.values() if t.tested
    }
    about = spread(list(reached.values()))
    assert training.tested is not None
    trial = retrained.contender.trial
    which = ("--network", contender) if trial is None else ("--trial", str(trial))
    alone = ("--with", contender) if trial is None else ("--trials", str(trial))
    seeds_asked = ("--seeds", str(max(complete)))
    facts = _facts(
        run,
        name=f"{run.path.name}, {contender.replace('trial-', 'trial ')}",
        origin=f"{contender.replace('trial-', 'trial ')} of {run.path}, retrained",
        seed=training.seed,
        recipe=recipe,
        accuracy=searched,
        tested=TestedFacts(
            accuracies=tuple(reached.items()),
            seed=training.seed,
            mean=about.mean,
            std=about.std,
            low=about.low,
            high=about.high,
            images=training.tested.images,
            with_validation=protocol.use_validation,
        ),
        commands=(
            (
                *("nas", "retrain", str(run.path)),
                *(*alone, *seeds_asked, *protocol.options),
            ),
            ("nas", "export", str(run.path), *which, "--seed", str(number)),
        ),
    )
    return _package(run, retrained.contender.architecture, weights, facts)


def _latest(run: RunFolder, contender: str) -> tuple[Protocol, Retrained] | None:
    """Return the latest retraining that a contender took part in."""
    found = None
    for protocol, several in read_retrained(run).items():
        for each in several:
            if each.contender.name == contender:
                found = protocol, each
    return found


def _check_weights(
    weights: Path, digest: str | None, what: str, choose: str, again: str
) -> None:
    """Refuse weights that are gone, or are not those that were trained."""
    if not weights.is_file():
        raise RunError(f"{what} has no weights: {weights} is gone; {choose}")
    if digest not in (None, file_digest(weights)):
        raise RunError(
            f"{weights}: are not the weights that were trained, their checksum "
            f"differs; {again} trains them again"
        )


def _facts(
    run: RunFolder, *, commands: tuple[tuple[str, ...], ...], **own: Any
) -> ModelFacts:
    """Return facts about a model, with those that all models of a run share."""
    file = run.file()
    searched = tuple(map(str, file.environment.get("command", ())))
    return ModelFacts(
        **own,
        data=file.data["name"],
        images=_images(file.data),
        commands=(
            *([searched] if searched[1:2] == ("search",) else []),
            *commands,
        ),
        versions={
            name: str(file.environment[name])
            for name in ("nas", "torch", "python")
            if name in file.environment
        },
    )


def _package(
    run: RunFolder, architecture: Architecture, weights: Path, facts: ModelFacts
) -> Package:
    data = run.facts()
    return Package(
        architecture=architecture,
        mean=tuple(data["mean"]),
        std=tuple(data["std"]),
        classes=tuple(data["classes"]),
        weights=weights,
        facts=facts,
    )


def _images(data: Mapping[str, Any]) -> ImageFacts | None:
    """Return how many images a run's data have, which runs of old do not tell."""
    match data:
        case {"fitted": int(train), "validation": int(validation), "test": int(test)}:
            return ImageFacts(train=train, validation=validation, test=test)
    return None


def _quantization(run: RunFolder, package: Package) -> Step:
    """Return what quantises a network by the run's data, and measures it."""
    config = run.config()
    tested = package.facts.tested
    known = None if package.weights is None else quantization_beside(package.weights)
    if tested is not None and tested.with_validation and known is None:
        raise RunError(
            "the network has learnt from the validation images, so its int8 form can "
            "only be judged by the test images; 'nas retrain --quantize int8', with "
            "the same options as before, does it once"
        )
    try:
        dataset = load(config.data, image_size=config.image_size)
    except DataError as error:
        raise DataError(
            f"int8 needs the images that {run.path} has trained on: {error}"
        ) from None
    check_data(run, dataset)
    from nas.train.scored import scored

    data, recipe = dataset.for_search(), package.facts.recipe
    assert recipe is not None
    if known is not None:  # the same file, tested already
        accuracy = known.accuracy
        images = retraining_data(
            dataset, use_validation=tested is not None and tested.with_validation
        )
        return AddInt8(
            images=images.search.train.images, score=lambda _: accuracy, split="test"
        )
    return AddInt8(
        images=data.train.images,
        score=partial(
            scored,
            split=data.validation,
            num_classes=data.num_classes,
            objective=recipe.objective,
        ),
        split="validation",
    )
