"""What there is to say about recipes where a space searches them."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nas.arch import Gene
from nas.records import Recipe
from nas.report import Effects, Share
from nas.report.effects import FEW, LEAST


def recipe_line(recipe: Recipe, own: Mapping[str, Gene]) -> Text:
    """Return a recipe in a line, with a star at what is the trial's own."""
    values = asdict(recipe)
    words = [
        f"{name}={_value(values[name])}{'*' if name in own else ''}" for name in values
    ]
    said = "recipe (* searched)" if own else "recipe"
    return Text(f"{said}: {' '.join(words)}")


def effects_view(effects: Effects | None) -> RenderableType:
    """Return what accuracy goes by, and how far that is to be trusted."""
    if effects is None:
        return Text(
            "What accuracy goes by (recipe, architecture, size) is told from "
            f"{LEAST} whole trainings on."
        )
    if effects.explained.low <= 0:
        return Text(
            f"What accuracy goes by cannot be told from {effects.trials} trials: "
            "recipe, architecture and size do not predict those that are left out."
        )
    table = Table(
        title="What accuracy goes by: shares of the variance of the log error",
        title_justify="left",
        title_style="bold",
        box=None,
    )
    table.add_column("")
    table.add_column("share", justify="right")
    table.add_column("90 % interval", justify="right")
    for name, share in effects.groups.items():
        table.add_row(name, _part(share.value), _interval(share))
        if name == "recipe":
            for field, lost in effects.recipe.items():
                row = (f"  {field} alone", _part(lost.value), _interval(lost))
                table.add_row(*row, style="dim")
    rest = effects.explained
    left = Share(value=1 - rest.value, low=1 - rest.high, high=1 - rest.low)
    table.add_row("none of them", _part(left.value), _interval(left))
    told = "Of the trials that the search chose, not of the whole space."
    if effects.trials < FEW:
        told = f"Rough, being from {effects.trials} trials. {told}"
    return Group(table, Text(told))


def _part(value: float) -> str:
    # Beyond these ends is only what luck adds to estimates near them.
    return f"{100 * min(max(0.0, value), 1.0):.0f} %"


def _interval(share: Share) -> str:
    return f"{_part(share.low)} to {_part(share.high)}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)
