"""The command that says why winners win."""

from typing import Annotated

import typer

from nas.cli.declarations.arguments import RunArgument


def explain(
    run: RunArgument,
    arm: Annotated[
        str | None,
        typer.Option(
            metavar="ARM",
            help="Go by the trials of one arm alone: search or random.",
            show_default="both",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead.")
    ] = False,
) -> None:
    """Say why winners win: which genes and aggregations matter at equal size."""
    from nas.cli.explain import run_explain

    run_explain(run, arm=arm, as_json=as_json)
