"""What `nas data` does: look at a source before any search."""

import json
import os
import re
import sys
from hashlib import blake2b
from pathlib import Path

from nas.cli.facts import facts_view
from nas.cli.plain import plain_console
from nas.cli.reading import Reading
from nas.data import Dataset, anchored, load, sheet_folder
from nas.data.facts import describe
from nas.errors import ConfigError
from nas.preparing import suited
from nas.records import Recipe


def run_data(
    source: str,
    *,
    image_size: int | None,
    sheet: Path | None,
    npz: Path | None,
    as_json: bool,
) -> None:
    """Print the facts about a source, draw its contact sheet and write its splits.

    The sheet goes to the cache unless told where to; for JSON it is drawn only then.
    """
    if sheet is not None:
        _check_sheet(sheet)
    if npz is not None:
        _check_npz(npz)
    with Reading(plain_console(file=sys.stderr)) as reading:
        dataset = load(source, image_size=image_size, on_progress=reading)
    facts, recipe = describe(dataset), suited(Recipe(), dataset)
    if sheet is not None:
        _draw(dataset, sheet)
    if npz is not None:
        _write(dataset, npz)
    if as_json:
        training = {"augment": recipe.augment, "flip": recipe.flip}
        paths = {"sheet": sheet, "npz": npz}
        written = {name: str(path) for name, path in paths.items() if path is not None}
        print(json.dumps(facts.to_json() | training | written, indent=2))
        return
    console = plain_console()
    console.print(facts_view(facts, recipe), highlight=False)
    where = str(sheet or _drawn_in_cache(source, dataset))
    console.print(f"\nsheet  {where}", soft_wrap=True, highlight=False)
    if npz is not None:
        console.print(f"npz    {npz}", soft_wrap=True, highlight=False)


def _check_sheet(path: Path) -> None:
    """Refuse a path that no picture can be written to, before anything is read."""
    if path.suffix.lower() != ".png":
        raise ConfigError(f"--sheet must be a .png file; got {str(path)!r}")
    if not path.parent.is_dir():
        raise ConfigError(f"--sheet: there is no folder {path.parent}; make it first")


def _check_npz(path: Path) -> None:
    """Refuse a path that no archive can be written to, before anything is read."""
    if path.suffix.lower() != ".npz":
        raise ConfigError(f"--npz must be a .npz file; got {str(path)!r}")
    if os.path.lexists(path):
        raise ConfigError(
            f"--npz: {path} is there, and nothing is overwritten; name a new file"
        )
    if not path.parent.is_dir():
        raise ConfigError(f"--npz: there is no folder {path.parent}; make it first")


def _drawn_in_cache(source: str, dataset: Dataset) -> str:
    """Draw the sheet where decoded images are kept; return its path, or why not."""
    whole = anchored(source)
    name = re.sub(r"[^\w.-]+", "-", Path(whole).name)[-40:]
    digest = blake2b(whole.encode(), digest_size=4).hexdigest()
    path = sheet_folder() / f"{name}-{digest}.png"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _draw(dataset, path)
    except (OSError, ConfigError):
        return f"not drawn, {path.parent} cannot be written; use --sheet FILE.png"
    return str(path)


def _draw(dataset: Dataset, path: Path) -> None:
    from nas.data.sheet import draw_sheet

    picture = draw_sheet(dataset)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        picture.save(unfinished, "PNG")
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        reason = error.strerror or error
        raise ConfigError(f"--sheet: {path} cannot be written: {reason}") from None


def _write(dataset: Dataset, path: Path) -> None:
    from nas.data.archive import write_npz

    try:
        write_npz(dataset, path)
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"--npz: {path} cannot be written: {reason}") from None
