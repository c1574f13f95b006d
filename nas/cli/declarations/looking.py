"""The commands that show something."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nas.cli.declarations.arguments import RunArgument, TrialOption
from nas.cli.options import parse_shape, parse_size


def report(
    run: RunArgument,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead.")
    ] = False,
    compare: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="OTHER", help="Compare it with this run; may be repeated."
        ),
    ] = None,
) -> None:
    """Print a run's front, how sure it is, and write both into the run's report/."""
    if compare:
        from nas.cli.comparing import run_compare

        run_compare(run, compare, as_json=as_json)
        return
    from nas.cli.commands import run_report

    run_report(run, as_json=as_json)


def show(
    what: Annotated[
        str,
        typer.Argument(
            metavar="SPACE|RUN|NETWORK|FILE",
            help="A search space, a run's folder, a known network such as resnet18, "
            "or an architecture.json.",
        ),
    ],
    trial: TrialOption = None,
    input_shape: Annotated[
        Any,
        typer.Option(
            "--input",
            parser=parse_shape,
            metavar="CxHxW",
            help="Images for a space or a known network.",
            show_default="3x32x32, or what the network is known for",
        ),
    ] = None,
    classes: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Classes for a space or a known network.",
            show_default="10, or what the network is known for",
        ),
    ] = None,
    max_params: Annotated[
        Any,
        typer.Option(parser=parse_size, metavar="SIZE", help="Budget for a space."),
    ] = "1M",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead.")
    ] = False,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw it, too, as a .svg or .png file."),
    ] = None,
) -> None:
    """Show an architecture block by block, or what a search space holds."""
    from nas.cli.commands import run_show

    run_show(
        what,
        trial=trial,
        input_shape=input_shape,
        num_classes=classes,
        max_params=max_params,
        as_json=as_json,
        picture=picture,
    )


def tensorboard(
    run: RunArgument,
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="0 takes a free one.", show_default=True),
    ] = 0,
    graph: Annotated[
        list[int] | None,
        typer.Option(
            min=0,
            metavar="TRIAL",
            help="Add the graph of a trial, and its large picture, first; "
            "may be given again.",
        ),
    ] = None,
) -> None:
    """Open a run in TensorBoard, while it is searched or later; Ctrl-C ends it."""
    from nas.cli.tensorboard import serve

    serve(run, port, graph or ())
