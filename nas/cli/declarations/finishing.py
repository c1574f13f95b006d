"""The commands that make something of what a search found."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nas.cli.declarations.arguments import RunArgument, TrialOption
from nas.cli.options import (
    parse_batches,
    parse_choice,
    parse_names,
    parse_shape,
    parse_size,
)


def retrain(
    run: RunArgument,
    trials: Annotated[
        Any,
        typer.Option(
            parser=parse_choice,
            metavar="front|best|N,N",
            help="The trials to train: those of the front, the best one, or numbers.",
        ),
    ] = "front",
    seeds: Annotated[
        int, typer.Option(min=1, metavar="K", help="Trainings of each network.")
    ] = 3,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1, help="Epochs of each training.", show_default="the recipe's"
        ),
    ] = None,
    use_validation: Annotated[
        bool,
        typer.Option("--use-validation", help="Train on the validation images, too."),
    ] = False,
    networks: Annotated[
        Any,
        typer.Option(
            "--with",
            parser=parse_names,
            metavar="NAME,NAME",
            help="Known networks to train beside them: resnet20, resnet20@300k with "
            "its widths scaled to that size, resnet20@front at the size of each trial.",
            show_default="none",
        ),
    ] = None,
    quantize: Annotated[
        str | None,
        typer.Option(
            metavar="int8",
            help="Quantise every trained network, too, and test that.",
            show_default="no",
        ),
    ] = None,
) -> None:
    """Train networks of a run from scratch, and test each of them once.

    The test images are touched here alone. Every network is trained from several seeds,
    the same for all: means with intervals, and who can be told apart.
    """
    from nas.cli.retrained import run_retrain

    run_retrain(
        run,
        trials=trials,
        seeds=seeds,
        epochs=epochs,
        use_validation=use_validation,
        networks=networks or (),
        quantize=quantize,
    )


def export(
    what: Annotated[
        str,
        typer.Argument(
            metavar="RUN|NETWORK",
            help="A run's folder, or a known network such as resnet20, untrained.",
        ),
    ],
    trial: TrialOption = None,
    max_params: Annotated[
        Any,
        typer.Option(
            parser=parse_size,
            metavar="SIZE",
            help="The best trial of at most this many parameters.",
        ),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A known network that 'nas retrain --with' trained in the run.",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="K",
            help="Which training: 0 for the search's own, from 1 on those of nas "
            "retrain.",
            show_default="the first of nas retrain, if any",
        ),
    ] = None,
    input_shape: Annotated[
        Any,
        typer.Option(
            "--input",
            parser=parse_shape,
            metavar="CxHxW",
            help="Images for a known network.",
            show_default="those that it is known for",
        ),
    ] = None,
    classes: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Classes for a known network.",
            show_default="those that it is known for",
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(help="An empty or new folder.", show_default="RUN/export/trial-N"),
    ] = None,
    onnx: Annotated[
        bool,
        typer.Option("--onnx", help="Also model.onnx, checked with onnxruntime."),
    ] = False,
    torch_export: Annotated[
        bool,
        typer.Option("--torch-export", help="Also model.pt2, for torch without code."),
    ] = False,
    hub: Annotated[
        bool,
        typer.Option("--hub", help="Also what the Hugging Face hub asks for."),
    ] = False,
    quantize: Annotated[
        str | None,
        typer.Option(
            metavar="int8",
            help="Also model_int8.onnx in 8-bit integers, made with the run's data.",
        ),
    ] = None,
) -> None:
    """Write a trained network, by default a run's best one, as code that you own.

    model.py needs torch alone; model.safetensors holds its weights, test_model.py
    checks both, and model_card.md says what it is and what it reaches.
    """
    from nas.cli.export import export_formats, run_export

    run_export(
        what,
        trial=trial,
        max_params=max_params,
        network=network,
        seed=seed,
        input_shape=input_shape,
        num_classes=classes,
        to=to,
        formats=export_formats(onnx, torch_export, hub, quantize),
    )


def measure(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="WHAT...",
            help="A run's folder, an exported model's, an architecture.json, or a "
            "known network such as resnet20; several are measured in turns.",
        ),
    ],
    trials: Annotated[
        Any,
        typer.Option(
            parser=parse_choice,
            metavar="front|best|N,N",
            help="The trials of runs.",
        ),
    ] = "front",
    batch: Annotated[
        Any,
        typer.Option(
            parser=parse_batches, metavar="N,N", help="Images in a call, a figure each."
        ),
    ] = "1,64",
    threads: Annotated[
        int, typer.Option(min=1, help="Threads to compute on, of the CPU.")
    ] = 1,
    device: Annotated[str, typer.Option(help="Either auto, cpu or cuda.")] = "auto",
    input_shape: Annotated[
        Any,
        typer.Option(
            "--input",
            parser=parse_shape,
            metavar="CxHxW",
            help="Images for a known network.",
            show_default="what it is known for",
        ),
    ] = None,
    classes: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Classes for a known network.",
            show_default="what it is known for",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead.")
    ] = False,
) -> None:
    """Time networks as they are exported, and keep the figures of a run in it.

    A second of runs for each figure, in turns; nothing else should run meanwhile.
    """
    from nas.cli.latency import run_measure
    from nas.cli.plain import plain_console

    run_measure(
        plain_console(),
        what,
        trials=trials,
        batch_sizes=batch,
        threads=threads,
        device=device,
        input_shape=input_shape,
        num_classes=classes,
        as_json=as_json,
    )
