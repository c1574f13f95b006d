"""The command that lists runs."""

from pathlib import Path
from typing import Annotated

import typer


def list_runs(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="Of runs, or a run's own."),
    ] = Path("runs"),
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead.")
    ] = False,
) -> None:
    """List the runs in a folder, the latest first, with what they came to."""
    from nas.cli.listing import run_list

    run_list(folder, as_json=as_json)
