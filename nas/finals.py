"""The last training: trials of a run, and known networks beside them, tested once."""

from collections.abc import Callable, Sequence
from pathlib import Path

from nas.api import OnProgress, write_report_of
from nas.data import load, retraining_data
from nas.errors import ConfigError, RunError
from nas.export import INT8, check_formats
from nas.nn.cost import num_params
from nas.preparing import check_main_guard, warm_up
from nas.records import TrialRecord
from nas.retraining import Protocol, check_seeds
from nas.run import Run
from nas.search import Event
from nas.search.changes import check_data, check_options
from nas.search.contenders import Contender, known_networks, trial_contender
from nas.search.devices import check_device


def retrain(
    run: Path | str,
    *,
    trials: str | Sequence[int] = "front",
    seeds: int = 3,
    epochs: int | None = None,
    use_validation: bool = False,
    networks: Sequence[str] = (),
    quantize: str | None = None,
    on_event: Callable[[Event], None] = lambda _: None,
    on_progress: OnProgress | None = None,
) -> Run:
    """Train trials of a run from scratch, and test every trained network once.

    All of them, and the known networks beside them, are trained from the same seeds.
    Results are kept in the run, by the protocol: those that there are already count,
    and an interrupted call goes on where it was when it is made again.

    Args:
        run: the run folder.
        trials: "front", "best", or numbers of trials.
        seeds: trainings of each network.
        epochs: of each training; None for those of each trial's own recipe.
        use_validation: train on the validation images, too.
        networks: known ones such as "resnet20", "resnet20@300k" with its widths scaled
            to that size, or "resnet20@front" at the size of every trial. They have the
            recipe of the most accurate of the trials.
        quantize: "int8" to quantise every trained network, too, and test that once.
        on_event: told of every training.
        on_progress: told how many of how many images have been read.

    Raises:
        NasError: when there is no such run, trial or network, or the run is taken.
        SearchFailed: when results cannot be written, or no training succeeded.
    """
    check_main_guard()
    found = Run(Path(run))
    with found.folder.owned():
        check_options(found.folder)
    check_seeds(seeds)
    if epochs is not None and epochs < 1:
        raise ConfigError(f"epochs must be at least 1; got {epochs}")
    if quantize is not None:
        if quantize != INT8:
            raise ConfigError(f"quantize must be {INT8}; got {quantize!r}")
        check_formats([quantize])
    chosen = _chosen(found, trials)
    config, facts = found.config, found.folder.facts()
    protocol = Protocol(epochs=epochs, use_validation=use_validation)
    contenders: list[Contender] = [
        trial_contender(record, config.recipe) for record in chosen
    ]
    if all(contender.recipe.epochs == epochs for contender in contenders):
        # The same trainings, so the same results.
        protocol = Protocol(use_validation=use_validation)
    contenders += known_networks(
        networks,
        input_shape=tuple(facts["shape"]),
        num_classes=len(facts["classes"]),
        sizes=[num_params(record.architecture) for record in chosen],
        recipe=found.recipe(max(chosen, key=_reached)),
    )
    check_device(config.device, config.devices, found.path)
    warm_up(config)
    dataset = load(config.data, image_size=config.image_size, on_progress=on_progress)
    check_data(found.folder, dataset)
    data = retraining_data(dataset, use_validation=use_validation)
    from nas.search.loop import run_retraining

    try:
        run_retraining(
            found.folder,
            data,
            contenders,
            protocol,
            seeds,
            int8=quantize is not None,
            on_event=on_event,
        )
    finally:
        write_report_of(found, on_event)
    return found


def _chosen(run: Run, trials: str | Sequence[int]) -> list[TrialRecord]:
    """Return the trials that are meant, smallest first; stopped ones are welcome."""
    chosen = run.chosen(trials)
    for record in chosen:
        if record.status == "failed":
            raise RunError(
                f"trial {record.trial} failed ({record.error}); choose other --trials"
            )
    return sorted(chosen, key=lambda record: (record.params, record.trial))


def _reached(record: TrialRecord) -> float:
    """Return what a trial has reached, at its end or where it was stopped."""
    if record.accuracy is not None:
        return record.accuracy
    return record.standings[-1][1] if record.standings else 0.0
