"""The commands that search, go on and mend."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nas.cli.declarations.arguments import ImageSizeOption, RunArgument, is_given
from nas.cli.options import (
    parse_bytes,
    parse_devices,
    parse_names,
    parse_seconds,
    parse_size,
    parse_trials,
    parse_workers,
)


def search(
    context: typer.Context,
    data: Annotated[
        str, typer.Option(metavar="SOURCE", help="The data; see 'nas data --help'.")
    ] = "digits",
    space: Annotated[
        str, typer.Option(help="A search space's name, or a YAML file.")
    ] = "default",
    max_params: Annotated[
        Any,
        typer.Option(
            parser=parse_size,
            metavar="SIZE",
            help="The budget: no candidate has more parameters (30k, 1.5M).",
        ),
    ] = "50k",
    trials: Annotated[int, typer.Option(min=1, help="Candidates to train.")] = 24,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1, help="Epochs of each training.", show_default="the recipe's"
        ),
    ] = None,
    augment: Annotated[
        str,
        typer.Option(
            help="How images are changed at random: none, light (shifted), standard "
            "(and partly covered), or auto, by their size."
        ),
    ] = "auto",
    flip: Annotated[
        bool | None,
        typer.Option(
            "--flip/--no-flip",
            help="Mirror images at random, left to right.",
            show_default="in colour, unless digits or letters",
        ),
    ] = None,
    class_weights: Annotated[
        bool | None,
        typer.Option("--class-weights", help="Weigh rare classes up in the loss."),
    ] = None,
    objective: Annotated[
        str,
        typer.Option(
            help="Which accuracy counts: accuracy or balanced-accuracy, the mean of "
            "the classes' own accuracies."
        ),
    ] = "accuracy",
    objectives: Annotated[
        Any,
        typer.Option(
            parser=parse_names,
            metavar="accuracy,COST,...",
            help="What the search goes by: accuracy, and what is to be small: params, "
            "macs or latency, one or several of them.",
        ),
    ] = "accuracy,params",
    precision: Annotated[
        str,
        typer.Option(
            help="Of products while training: float32, bf16, or auto, whichever of "
            "them a short measurement finds faster."
        ),
    ] = "auto",
    image_size: ImageSizeOption = None,
    data_memory: Annotated[
        Any,
        typer.Option(
            parser=parse_bytes,
            metavar="BYTES",
            help="Stream images that take more than this much memory (500M, 2G).",
            show_default="a share of the machine's",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Repeats a search.")] = 0,
    sampler: Annotated[
        str,
        typer.Option(
            help="Who proposes: size-aware, tpe, nsga2, nsga3, gp, random, local, "
            "evolution or grid."
        ),
    ] = "size-aware",
    halving: Annotated[
        bool,
        typer.Option(
            "--halving/--no-halving",
            help="Pause every training early, and go on with those networks that are "
            "good for their size.",
        ),
    ] = False,
    eta: Annotated[
        int | None,
        typer.Option(
            min=2, help="With --halving, one in so many goes on.", show_default="3"
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="random",
            help="Train as many epochs of random search beside the search.",
            show_default="none",
        ),
    ] = None,
    repeats: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="K",
            help="Trainings of each network of the front, the first included.",
        ),
    ] = 1,
    workers: Annotated[
        Any,
        typer.Option(
            parser=parse_workers,
            metavar="N|auto",
            help="Trainings at once; 0 trains in the main process.",
            show_default="as many as suit the machine",
        ),
    ] = "auto",
    device: Annotated[str, typer.Option(help="Either auto, cpu or cuda.")] = "auto",
    devices: Annotated[
        Any,
        typer.Option(
            parser=parse_devices,
            metavar="N,N",
            help="The numbers of the GPUs to use.",
            show_default="all of them",
        ),
    ] = None,
    retries: Annotated[
        int,
        typer.Option(
            min=0, help="How often a training begins anew whose process dies or hangs."
        ),
    ] = 1,
    timeout: Annotated[
        Any,
        typer.Option(
            parser=parse_seconds,
            metavar="TIME|auto",
            help="A training that takes longer hangs (90s, 15m, 2h).",
            show_default="many times what earlier ones took",
        ),
    ] = "auto",
    max_failures: Annotated[
        int,
        typer.Option(
            min=1, metavar="K", help="Give up after so many failed trials in a row."
        ),
    ] = 10,
    from_run: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Take over the trials of an earlier run that fit, and its options "
            "where no others are given; new trials come on top.",
            show_default="none",
        ),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="The run folder to make.", show_default="a new one in runs/"),
    ] = None,
) -> None:
    """Search for the best networks at every size up to a budget.

    Without any option: handwritten digits, the default space, a minute or two.
    """
    from nas.cli.commands import run_search, run_search_from

    if from_run is not None:
        given = {n: v for n, v in context.params.items() if is_given(context, n)}
        run_search_from(**given)
        return
    run_search(
        data=data,
        space=space,
        max_params=max_params,
        trials=trials,
        epochs=epochs,
        augment=augment,
        flip=flip,
        class_weights=class_weights,
        objective=objective,
        objectives=objectives,
        precision=precision,
        image_size=image_size,
        data_memory=data_memory,
        seed=seed,
        sampler=sampler,
        halving=halving,
        eta=eta,
        baseline=baseline,
        repeats=repeats,
        workers=workers,
        device=device,
        devices=devices,
        retries=retries,
        timeout=timeout,
        max_failures=max_failures,
        run=run,
    )


def resume(
    run: RunArgument,
    trials: Annotated[
        int | None,
        typer.Option(min=1, help="Candidates in all.", show_default="as asked before"),
    ] = None,
    retry_failed: Annotated[
        bool,
        typer.Option(
            "--retry-failed",
            help="Train those again that failed, unless they diverged.",
        ),
    ] = False,
    workers: Annotated[
        Any,
        typer.Option(
            parser=parse_workers,
            metavar="N",
            help="Trainings at once from now on.",
            show_default="as before",
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="Either auto, cpu or cuda.", show_default="as before"),
    ] = None,
    devices: Annotated[
        Any,
        typer.Option(
            parser=parse_devices,
            metavar="N,N",
            help="The numbers of the GPUs to use.",
            show_default="as before",
        ),
    ] = None,
    retries: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="How often a training begins anew whose process dies or hangs.",
            show_default="as before",
        ),
    ] = None,
    timeout: Annotated[
        Any,
        typer.Option(
            parser=parse_seconds,
            metavar="TIME",
            help="A training that takes longer hangs (90s, 15m, 2h).",
            show_default="as before",
        ),
    ] = None,
    max_failures: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="K",
            help="Give up after so many failed trials in a row.",
            show_default="as before",
        ),
    ] = None,
) -> None:
    """Continue a search that was stopped, or let it train more candidates."""
    from nas.cli.commands import run_resume

    run_resume(
        run,
        trials=trials,
        retry_failed=retry_failed,
        workers=workers,
        device=device,
        devices=devices,
        retries=retries,
        timeout=timeout,
        max_failures=max_failures,
    )


def repeat(
    run: RunArgument,
    trials: Annotated[
        Any,
        typer.Option(
            parser=parse_trials,
            metavar="N,N",
            help="The trials to train again.",
            show_default="those of the front",
        ),
    ] = None,
    repeats: Annotated[
        int,
        typer.Option(
            min=2,
            metavar="K",
            help="Trainings of each, the first and earlier repeats included.",
        ),
    ] = 5,
) -> None:
    """Train networks of a run again, from other seeds, to see how sure they are."""
    from nas.cli.commands import run_repeat

    run_repeat(run, trials=trials or (), repeats=repeats)


def repair(run: RunArgument) -> None:
    """Mend what is broken in a run's folder, losing nothing that finished.

    The study database and the like are made anew from the trials; results that cannot
    be read are set aside, for 'nas resume' to train those networks again.
    """
    from nas.cli.commands import run_repair

    run_repair(run)
