"""What the command line does, as a few calls."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nas.data import Dataset, anchored, load
from nas.errors import ConfigError, NasError, RunError, one_line
from nas.preparing import (
    check_fits,
    check_main_guard,
    data_facts,
    free_run_path,
    given_of,
    known_policy,
    suited,
    warm_up,
)
from nas.records import Recipe
from nas.run import Run
from nas.search import Event, Notice, RunFolder, SearchConfig
from nas.search.changes import check_data, check_options
from nas.search.config import ETA, MAX_FAILURES, OBJECTIVES, RETRIES
from nas.search.devices import check_device, gone, settled_device
from nas.search.memory import default_data_memory
from nas.search.precision import settled_recipe
from nas.search.room import check_room
from nas.search.samplers.limits import check_space
from nas.search.taking_over import options_like, taken_over
from nas.search.workers import places
from nas.space import SearchSpace

OnProgress = Callable[[int, int], None]
"""Told how many of how many images have been read."""


def search(
    *,
    data: str = "digits",
    space: str | SearchSpace = "default",
    max_params: int = 50_000,
    trials: int = 24,
    epochs: int | None = None,
    recipe: Recipe | None = None,
    augment: str | None = None,
    flip: bool | None = None,
    class_weights: bool | None = None,
    objective: str | None = None,
    objectives: Sequence[str] = OBJECTIVES,
    precision: str | None = None,
    image_size: int | None = None,
    data_memory: int | None = None,
    seed: int = 0,
    sampler: str = "size-aware",
    halving: bool = False,
    eta: int | None = None,
    baseline: str | None = None,
    repeats: int = 1,
    workers: int | None = None,
    device: str = "auto",
    devices: Sequence[int] | None = None,
    retries: int = RETRIES,
    timeout: float | None = None,
    max_failures: int = MAX_FAILURES,
    from_run: Path | str | None = None,
    run: Path | str | None = None,
    on_event: Callable[[Event], None] = lambda _: None,
    on_progress: OnProgress | None = None,
) -> Run:
    """Search for the most accurate networks under a budget of parameters.

    Args:
        data: a source of data, such as "digits" or a folder.
        space: a shipped search space's name, a YAML file's path, or a space.
        max_params: no candidate has more trainable parameters.
        trials: candidates to train.
        epochs: of each training; stands in for the recipe's, as do the next five. None
            of them may be what the space searches.
        recipe: everything else about a training; without one, the augmentation is what
            suits the data. What the space says about recipes wins over it, and what the
            space searches begins with it.
        augment: a policy, or "auto" for one that suits the size of the images.
        flip: mirror every second image; None leaves it to the recipe or, when that or
            ``augment`` is open, to whether the images are in colour and no symbols.
        class_weights: every class weighs the same in the loss.
        objective: which accuracy: "accuracy" or "balanced-accuracy".
        objectives: what the search goes by: "accuracy", which is maximised, and one or
            more of "params", "macs" and "latency", which are minimised. No candidate is
            over the budget of parameters in any case.
        precision: "float32", "bf16", or "auto" for the faster one, which is measured
            where it is not known.
        image_size: the side in pixels that images of different sizes get.
        data_memory: bytes of images that a worker holds at most, from 1 MiB on; more of
            them are streamed. None for a share of the machine's memory.
        seed: of proposals, weights and shuffling.
        sampler: who proposes: "size-aware", "tpe", "nsga2", "nsga3", "gp", "random",
            "local", "evolution" or "grid".
        halving: networks pause early, and only those that are good for their size are
            trained on; ``trials`` is how many are begun.
        eta: with ``halving``, one in so many goes on from each pause; None for 3.
        baseline: "random" for random search beside the search, of as many epochs.
        repeats: trainings of each network of the front, the first included.
        workers: trainings at once; None for what suits the machine, 0 to train in
            this process.
        device: "auto" (GPUs where there are any), "cpu" or "cuda".
        devices: the numbers of the GPUs to use; None for all of them.
        retries: how often a training begins anew whose worker dies or hangs.
        timeout: seconds that a training may take; None for many times what earlier ones
            suggest.
        max_failures: failed trials in a row after which the search gives up.
        from_run: an earlier run, whose complete trials are taken over as far as they
            fit; ``trials`` are then trained in addition. See `search_from`.
        run: the run folder to make; None for a new one under ``runs``.
        on_event: told of everything that happens, in order.
        on_progress: told how many of how many images have been read.

    Raises:
        NasError: for input that cannot work, before anything is written.
        SearchFailed: when no candidate could be trained.
    """
    check_main_guard()
    if augment is None and recipe is None:
        augment = "auto"
    if isinstance(space, str):
        space = SearchSpace.load(space)
    given = given_of(
        epochs=epochs,
        augment=known_policy(augment),
        flip=flip,
        precision=precision,
        class_weights=class_weights,
        objective=objective,
    )
    recipe = space.recipe.applied(recipe or Recipe(), given, space.name)
    config = SearchConfig(
        data=anchored(data),
        space=space.name,
        max_params=max_params,
        trials=trials,
        seed=seed,
        sampler=sampler,
        halving=halving,
        eta=ETA if eta is None else eta,
        baseline=baseline,
        repeats=repeats,
        device=device,
        devices=None if devices is None else tuple(devices),
        image_size=image_size,
        data_memory=data_memory,
        recipe=recipe,
        workers=workers,
        retries=retries,
        timeout=timeout,
        max_failures=max_failures,
        objectives=tuple(objectives),
    )
    if eta is not None and not halving:
        raise ConfigError("eta is for halving; add --halving, or leave --eta out")
    if halving and space.recipe.varies("epochs"):
        raise ConfigError(
            f"halving stops every training after the same epochs, and space "
            f"{space.name!r} searches them; fix recipe: epochs: in it, or leave "
            "--halving out"
        )
    check_device(device, config.devices)
    path = Path(run) if run is not None else free_run_path(config.data, space.name)
    RunFolder.check_free(path)
    room = check_room(path, config, trials)
    warm_up(config)
    dataset = load(data, image_size=image_size, on_progress=on_progress)
    config, why_cpu = settled_device(config)
    if data_memory is None:
        on_cpu = places(config.device, config.devices) == ("cpu",)
        memory = default_data_memory("cpu" if on_cpu else device)
        config = replace(config, data_memory=memory)
    bound = check_fits(space, dataset, max_params)
    check_space(sampler, bound)
    fixed = space.recipe.fixed
    if augment == "auto" and "augment" not in fixed:
        mirrored = fixed.get("flip") if flip is None else flip
        config = replace(config, recipe=suited(recipe, dataset, mirrored))
    settled = settled_recipe(config, bound)
    facts = data_facts(dataset)
    config = replace(config, recipe=settled())
    taken = None
    if from_run is not None:
        # Only now is known where the genes of recipes begin.
        bound = replace(bound, recipe=config.recipe)
        taken = taken_over(Run(Path(from_run)).folder, config, bound, dataset)
        config = replace(config, trials=config.trials + taken.num_searched)
        on_event(Notice(text=taken.line))
    RunFolder.create(
        path,
        config,
        space,
        facts,
        fingerprint=dataset.fingerprint,
        fill=(lambda _: None) if taken is None else taken.copy_to,
    )
    if room is not None:
        on_event(Notice(text=f"warning: {room}"))
    return _carry_on(Run(path), dataset, on_event, why_cpu)


def search_from(
    from_run: Path | str,
    *,
    on_event: Callable[[Event], None] = lambda _: None,
    on_progress: OnProgress | None = None,
    **changes: Any,
) -> Run:
    """Start a search like an earlier one, with what that has found already.

    Complete trials are copied as far as they fit: their networks are in the new space
    and budget, on the same data and trained with the same recipe.

    Args:
        from_run: the folder of the earlier run, which stays as it is.
        on_event: told of everything that happens, in order.
        on_progress: told how many of how many images have been read.
        changes: options of `search` that are to be others; ``trials``, like the earlier
            run's, is how many are trained in addition.

    Raises:
        NasError: when there is no such run, none of its trials fits, or the options
            cannot work; before anything is written.
        SearchFailed: when no candidate could be trained.
    """
    source = Run(Path(from_run)).folder
    return search(
        **{**options_like(source, changes), **changes},
        from_run=from_run,
        on_event=on_event,
        on_progress=on_progress,
    )


def resume(
    run: Path | str,
    *,
    trials: int | None = None,
    workers: int | None = None,
    device: str | None = None,
    devices: Sequence[int] | None = None,
    retries: int | None = None,
    timeout: float | None = None,
    max_failures: int | None = None,
    retry_failed: bool = False,
    on_event: Callable[[Event], None] = lambda _: None,
    on_progress: OnProgress | None = None,
) -> Run:
    """Continue a search that was interrupted, or let it train more candidates.

    What is not None stands in from now on for what the search was asked to do before.

    Args:
        run: the run folder.
        trials: candidates in all, at least as many as are finished.
        workers: trainings at once.
        device: "auto", "cpu" or "cuda".
        devices: the numbers of the GPUs to use.
        retries: of a training whose worker dies or hangs.
        timeout: seconds that a training may take.
        max_failures: failed trials in a row after which the search gives up.
        retry_failed: trials that failed, other than by diverging, are trained again.
        on_event: told of everything that happens, in order.
        on_progress: told how many of how many images have been read.

    Raises:
        NasError: when there is no such run, or it is taken.
        SearchFailed: when no candidate could be trained.
    """
    check_main_guard()
    found = Run(Path(run))
    with found.folder.owned():
        check_options(found.folder)
    config = _changed(
        found.config,
        trials=trials,
        workers=workers,
        device=device,
        devices=None if devices is None else tuple(devices),
        retries=retries,
        timeout=timeout,
        max_failures=max_failures,
    )
    check_device(config.device, config.devices, found.path)
    done = sum(record.arm == "search" for record in found.records)
    room = check_room(found.path, config, config.trials - done)
    if room is not None:
        on_event(Notice(text=f"warning: {room}"))
    if config != found.config:
        if config.trials < done:
            raise RunError(
                f"trials must be at least {done}, which {run} has finished; "
                f"got {config.trials}"
            )
        with found.folder.owned():
            found.folder.extend(config)
        found = Run(found.path)
    warm_up(config)
    dataset = load(config.data, image_size=config.image_size, on_progress=on_progress)
    check_data(found.folder, dataset)
    _, why_cpu = settled_device(config, found.path)
    why_cpu = why_cpu or gone(config, found.records)
    return _carry_on(found, dataset, on_event, why_cpu, retry_failed=retry_failed)


def _changed(config: SearchConfig, **changes: Any) -> SearchConfig:
    """Return the configuration with those of the changes that are not None."""
    given = given_of(**changes)
    if "device" in given and "devices" not in given:
        given["devices"] = None  # they were those of the other device
    return replace(config, **given)


def repeat(
    run: Path | str,
    *,
    trials: Sequence[int] = (),
    repeats: int = 5,
    on_event: Callable[[Event], None] = lambda _: None,
    on_progress: OnProgress | None = None,
) -> Run:
    """Train networks of a run again, from further seeds, to see how sure they are.

    Repeats are kept with their trials; those that there are already count. An
    interrupted call goes on where it was when it is made again.

    Args:
        run: the run folder.
        trials: numbers of complete trials; none are those of the front.
        repeats: trainings of each, the first included.
        on_event: told of every repeat.
        on_progress: told how many of how many images have been read.

    Raises:
        NasError: when there is no such run or trial, or the run is taken.
    """
    check_main_guard()
    found = Run(Path(run))
    with found.folder.owned():
        check_options(found.folder)
    if repeats < 2:
        raise ConfigError(
            f"repeats must be at least 2, for the first training counts; got {repeats}"
        )
    chosen = [found.trial(number) for number in dict.fromkeys(trials)]
    for record in chosen:
        if record.status != "complete":
            why = f"failed ({record.error})" if record.error else "was stopped early"
            raise RunError(f"trial {record.trial} {why}; choose other --trials")
    if not found.front:
        raise RunError(f"{run} has no complete trial; continue it with 'nas resume'")
    config = found.config
    check_device(config.device, config.devices, found.path)
    warm_up(config)
    dataset = load(config.data, image_size=config.image_size, on_progress=on_progress)
    check_data(found.folder, dataset)
    from nas.search.loop import run_repeats

    try:
        run_repeats(
            found.folder, dataset.for_search(), chosen, repeats, on_event=on_event
        )
    finally:
        write_report_of(found, on_event)
        write_events_of(found, on_event)
    return found


def repair(run: Path | str) -> list[str]:
    """Mend what is broken in a run's folder, losing nothing that finished.

    Args:
        run: the run folder.

    Returns:
        What was done, a line each; none where nothing was broken.

    Raises:
        NasError: when there is no such run, it is taken, or it cannot be mended.
    """
    from nas.search.repair import repair

    return repair(Path(run))


def _carry_on(
    run: Run,
    dataset: Dataset,
    on_event: Callable[[Event], None],
    why_cpu: str | None,
    *,
    retry_failed: bool = False,
) -> Run:
    from nas.search.loop import run_search

    for warning in (*dataset.warnings, *([why_cpu] if why_cpu else [])):
        on_event(Notice(text=f"warning: {warning}"))
    try:
        run_search(
            run.folder,
            dataset.for_search(),
            on_event=on_event,
            retry_failed=retry_failed,
        )
    finally:
        write_report_of(run, on_event)
    return run


def write_report_of(run: Run, on_event: Callable[[Event], None]) -> None:
    """Write a run's report; a failure is told, for the search went as it went."""
    try:
        run.report()
    except Exception as error:
        why = str(error) if isinstance(error, NasError) else one_line(error)
        on_event(
            Notice(text=f"warning: {why}; 'nas report {run.path}' writes the report")
        )


def write_events_of(run: Run, on_event: Callable[[Event], None]) -> None:
    """Write a run's events for TensorBoard; a failure is told."""
    try:
        run.write_events()
    except NasError as error:
        on_event(Notice(text=f"warning: {error}"))
