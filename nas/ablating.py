"""A winner trained beside itself with other aggregations, at equal size."""

from collections.abc import Callable
from pathlib import Path

from nas.ablations import Variants, latest_ablation, variants_of
from nas.api import OnProgress, write_report_of
from nas.data import load, retraining_data
from nas.errors import ConfigError, RunError
from nas.preparing import check_main_guard, warm_up
from nas.records import TrialRecord
from nas.report.ablated import Ablation
from nas.retraining import Protocol, check_seeds
from nas.run import Run
from nas.search import Event, Notice
from nas.search.ablation_shelves import ablation_shelf
from nas.search.changes import check_data, check_options
from nas.search.contenders import Contender, trial_contender
from nas.search.devices import check_device


def ablate(
    run: Path | str,
    *,
    trial: int | None = None,
    seeds: int = 5,
    epochs: int | None = None,
    on_event: Callable[[Event], None] = lambda _: None,
    on_progress: OnProgress | None = None,
) -> Ablation:
    """Train a trial, and the same with other aggregations at the same size.

    Each block's aggregation is switched to each of the others, one block at a time and
    all of them at once, and widths are solved anew, so that the parameters are as many.
    All are trained from scratch with the same recipe from the same seeds, and tested
    once each. Results are kept in the run: those that there are already count, and an
    interrupted call goes on where it was when it is made again.

    Args:
        run: the run folder.
        trial: its number; None for the best one.
        seeds: trainings of each network.
        epochs: of each training; None for those of the trial's own recipe.
        on_event: told of every training.
        on_progress: told how many of how many images have been read.

    Raises:
        NasError: when there is no such run or trial, or the run is taken.
        SearchFailed: when results cannot be written, or no training succeeded.
    """
    check_main_guard()
    found = Run(Path(run))
    with found.folder.owned():
        check_options(found.folder)
    check_seeds(seeds)
    if epochs is not None and epochs < 1:
        raise ConfigError(f"epochs must be at least 1; got {epochs}")
    record = found.best() if trial is None else found.trial(trial)
    if record.status == "failed":
        raise RunError(
            f"trial {record.trial} failed ({record.error}); choose another --trial"
        )
    config = found.config
    base = trial_contender(record, config.recipe)
    protocol = Protocol(epochs=None if epochs == base.recipe.epochs else epochs)
    made = _variants(found, base)
    contenders = [base, *made.to_train]
    for reason in made.left_out:
        on_event(Notice(text=f"left out: {reason}"))
    check_device(config.device, config.devices, found.path)
    warm_up(config)
    dataset = load(config.data, image_size=config.image_size, on_progress=on_progress)
    check_data(found.folder, dataset)
    data = retraining_data(dataset, use_validation=False)
    each = _seconds(record, protocol.applied(base.recipe).epochs)
    on_event(
        Notice(
            text=f"{len(contenders) * seeds} trainings in all; by what trial "
            f"{record.trial} took, about {each:.1f} s of training each, and the time "
            "to start and to test it"
        )
    )
    from nas.search.loop import run_retraining

    try:
        run_retraining(
            found.folder,
            data,
            contenders,
            protocol,
            seeds,
            shelf=ablation_shelf(record.trial),
            on_event=on_event,
        )
    finally:
        write_report_of(found, on_event)
    return latest_ablation(found.folder, record.trial, protocol)


def _variants(run: Run, base: Contender) -> Variants:
    """Return what is trained beside a trial.

    Raises:
        RunError: when there is nothing.
    """
    made = variants_of(run.folder, base)
    if not made.to_train:
        raise RunError(
            f"trial {base.trial} has no other aggregation that fits: "
            f"{'; '.join(made.left_out)}"
        )
    return made


def _seconds(record: TrialRecord, epochs: int) -> float:
    """Return about how long a training takes."""
    return record.seconds / max(1, record.trained_epochs) * epochs
