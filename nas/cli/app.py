"""The commands in one application."""

from typing import Annotated

import typer

from nas import __version__
from nas.cli.declarations.ablating import ablate
from nas.cli.declarations.data import data
from nas.cli.declarations.explaining import explain
from nas.cli.declarations.finishing import export, measure, retrain
from nas.cli.declarations.listing import list_runs
from nas.cli.declarations.looking import report, show, tensorboard
from nas.cli.declarations.searching import repair, repeat, resume, search
from nas.cli.grammar import DATA_HELP

app = typer.Typer(
    name="nas",
    help="Find small, accurate image classifiers under a parameter budget.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nas {__version__}")
        raise typer.Exit


@app.callback()
def _nas(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


app.command(help=DATA_HELP)(data)
for _command in (
    search,
    resume,
    repeat,
    retrain,
    ablate,
    repair,
    report,
    explain,
    export,
    measure,
    show,
    tensorboard,
):
    app.command()(_command)
app.command("list")(list_runs)
