"""The command about data."""

from pathlib import Path
from typing import Annotated

import typer

from nas.cli.declarations.arguments import ImageSizeOption


def data(  # noqa: D103
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="What to look at.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead.")
    ] = False,
    image_size: ImageSizeOption = None,
    sheet: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png",
            help="Where to draw the contact sheet: some images of every class.",
            show_default="in the cache",
        ),
    ] = None,
    npz: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.npz",
            help="Write the splits that a search uses to a new file.",
            show_default="none",
        ),
    ] = None,
) -> None:
    from nas.cli.data import run_data

    run_data(source, image_size=image_size, sheet=sheet, npz=npz, as_json=as_json)
