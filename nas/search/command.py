"""The command that starts a search again, from its configuration."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from nas.errors import ConfigError
from nas.records import Recipe
from nas.search.config import SearchConfig
from nas.search.run import RunFolder
from nas.space import shipped
from nas.space.recipe import RecipeSpace

_OPTIONS: Final = (
    "data",
    "space",
    "max_params",
    "trials",
    "image_size",
    "data_memory",
    "sampler",
    "baseline",
    "repeats",
    "workers",
    "device",
    "retries",
    "timeout",
    "max_failures",
)
"""Options that are written as they are, where they are not what holds without them."""

_OF_RECIPE: Final = (
    "epochs",
    "augment",
    "flip",
    "class_weights",
    "objective",
    "precision",
)
"""Fields of the recipe that are options of the command, too."""

_SETTLED: Final = ("augment", "flip", "precision")
"""Of them, those that go by the data and the machine where they are not given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeating:
    """What starts a search again: the words of a command, and what they leave open."""

    words: tuple[str, ...]
    reservations: tuple[str, ...]


def repeating(run: RunFolder) -> Repeating:
    """Return the command that starts the search of a run again.

    Options stand in it where they differ from what holds without them, and the seed.
    """
    config = run.config()
    space = config.space
    reservations = []
    if space not in shipped():
        space = str(run.space_path)
    recipe = run.space().recipe
    words = ("nas", "search", *_words(config, space, recipe))
    try:
        given = {name: getattr(config.recipe, name) for name in _stated(config, recipe)}
        again = recipe.applied(Recipe(), given, config.space)
    except ConfigError:
        again = None
    if again != config.recipe:
        reservations.append(
            "The recipe was given from Python, and has values that no option of the "
            "command stands for: see all options below."
        )
    asked = run.file().environment.get("command")
    if isinstance(asked, list) and any("--from-run" in str(word) for word in asked):
        reservations.append(
            "The search began with trials of another run (--from-run), which this "
            "command trains itself: other networks may come out."
        )
    return Repeating(words=words, reservations=tuple(reservations))


def _words(config: SearchConfig, space: str, recipe: RecipeSpace) -> Iterator[str]:
    usual = SearchConfig()
    for name in _OPTIONS:
        value = space if name == "space" else getattr(config, name)
        if value != getattr(usual, name):
            yield from _option(name, value)
    if config.devices is not None:
        yield from _option("devices", ",".join(map(str, config.devices)))
    if config.objectives != usual.objectives:
        yield from _option("objectives", ",".join(config.objectives))
    for name in _stated(config, recipe):
        yield from _option(name, getattr(config.recipe, name))
    if config.halving:
        yield "--halving"
        if config.eta != usual.eta:
            yield from _option("eta", config.eta)
    yield from _option("seed", config.seed)


def _stated(config: SearchConfig, recipe: RecipeSpace) -> Iterator[str]:
    """Yield the fields of the recipe that a command has to give."""
    usual, own = recipe.fixed, config.recipe
    for name in _OF_RECIPE:
        if recipe.varies(name):
            continue  # and cannot be given
        value = getattr(own, name)
        if name in usual:
            if value != usual[name]:
                yield name
        elif name in _SETTLED or value != getattr(Recipe(), name):
            yield name


def _option(name: str, value: Any) -> Iterator[str]:
    option = f"--{name.replace('_', '-')}"
    if value is True:
        yield option
    elif value is False:
        yield f"--no-{option[2:]}"
    elif str(value).startswith("-"):  # which would be an option itself
        yield f"{option}={value}"
    else:
        yield option
        yield str(value)
