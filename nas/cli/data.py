"""What `nas data` does: look at a source before any search."""

import json
import sys
from pathlib import Path

from rich.console import Console

from nas.api import suited
from nas.cli.facts import facts_view
from nas.cli.reading import Reading
from nas.data import Dataset, load
from nas.data.facts import describe
from nas.errors import ConfigError
from nas.records import Recipe


def run_data(
    source: str, *, image_size: int | None, sheet: Path | None, as_json: bool
) -> None:
    """Print the facts about a source, and draw its contact sheet if one is wanted."""
    if sheet is not None:
        _check_sheet(sheet)
    with Reading(Console(file=sys.stderr)) as reading:
        dataset = load(source, image_size=image_size, on_progress=reading)
    facts, recipe = describe(dataset), suited(Recipe(), dataset)
    if sheet is not None:
        _draw(dataset, sheet)
    if as_json:
        training = {"augment": recipe.augment, "flip": recipe.flip}
        print(json.dumps(facts.to_json() | training, indent=2))
        return
    console = Console()
    console.print(facts_view(facts, recipe), highlight=False)
    if sheet is not None:
        console.print(f"\nsheet  {sheet}", soft_wrap=True, highlight=False)


def _check_sheet(path: Path) -> None:
    """Refuse a path that no picture can be written to, before anything is read."""
    if path.suffix.lower() != ".png":
        raise ConfigError(f"--sheet must be a .png file; got {str(path)!r}")
    if not path.parent.is_dir():
        raise ConfigError(f"--sheet: there is no folder {path.parent}; make it first")


def _draw(dataset: Dataset, path: Path) -> None:
    from nas.data.sheet import draw_sheet

    picture = draw_sheet(dataset)
    try:
        picture.save(path, "PNG")
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"--sheet: {path} cannot be written: {reason}") from None
