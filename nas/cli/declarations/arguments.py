"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")]
TrialOption = Annotated[
    int | None, typer.Option("--trial", metavar="N", min=0, help="This trial.")
]

ImageSizeOption = Annotated[
    int | None,
    typer.Option(
        "--image-size",
        metavar="N",
        min=4,
        help="The side in pixels that images of different sizes get.",
        show_default="one that suits them",
    ),
]


def is_given(context: typer.Context, name: str) -> bool:
    """Tell whether an option stands on the command line."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
