"""The command that takes a winner apart."""

from typing import Annotated

import typer

from nas.cli.declarations.arguments import RunArgument


def ablate(
    run: RunArgument,
    trial: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=0, help="The trial's number.", show_default="the best one"
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, metavar="K", help="Trainings of each network.")
    ] = 5,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1, help="Epochs of each training.", show_default="the recipe's"
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead of the table.")
    ] = False,
) -> None:
    """Train a trial with its blocks' aggregations switched, at the same size.

    One block at a time, and all at once: what sum, concat or hierarchical is worth
    there, from the same seeds, with intervals. Every network is tested once.
    """
    from nas.cli.ablated import run_ablate

    run_ablate(run, trial=trial, seeds=seeds, epochs=epochs, as_json=as_json)
