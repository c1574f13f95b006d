"""The recipe in a search space: what of a training is fixed, and what is searched."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from nas.arch import Gene
from nas.errors import ConfigError
from nas.records import RECIPE_GENES, Recipe
from nas.space.domains import Choice, Domain, FloatRange, is_fixed

RECIPE_FIELDS: Final[tuple[str, ...]] = (
    "optimizer",
    "lr",
    "weight_decay",
    "schedule",
    "label_smoothing",
    "augment",
    "flip",
    "class_weights",
    "batch_size",
    "epochs",
)
"""What a space may say, in the order in which it is asked for.

How accuracy is counted and with which precision is computed are left to the search:
trials that differ in them could not be compared.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeSpace:
    """What a space says about recipes; the rest is the search's own recipe.

    Args:
        options: domains of a recipe's fields, in the order of ``RECIPE_FIELDS``.
        own: where optimizers are searched, the domains that one of them has for itself,
            by its name.
    """

    options: Mapping[str, Domain] = field(default_factory=dict)
    own: Mapping[str, Mapping[str, Domain]] = field(default_factory=dict)

    @property
    def fixed(self) -> dict[str, Any]:
        """The fields with a value that holds for every recipe of the space."""
        return {
            name: domain.options[0]
            for name, domain in self.options.items()
            if isinstance(domain, Choice) and not self.varies(name)
        }

    @property
    def varied(self) -> tuple[str, ...]:
        """The names of the fields that are searched."""
        return tuple(filter(self.varies, RECIPE_FIELDS))

    def varies(self, name: str) -> bool:
        """Tell whether a field is searched; one that goes by the optimizer is."""
        if any(name in options for options in self.own.values()):
            return True
        return name in self.options and not is_fixed(self.options[name])

    def genes(self) -> dict[str, Domain]:
        """Return every gene with its domain, those that exclude others too."""
        found: dict[str, Domain] = {}
        optimizers = self.options.get("optimizer", Choice(("",)))
        assert isinstance(optimizers, Choice)
        for kind in optimizers.options:

            def choose(name: str, domain: Domain, kind: Gene = kind) -> Gene:
                found[name] = domain
                return kind

            self.walk(choose)
        return found

    def walk(self, choose: Callable[[str, Domain], Gene]) -> None:
        """Ask for the genes in use, in a fixed order, the optimizer first.

        What goes by the optimizer is asked for even where it has a single value.
        """
        own: Mapping[str, Domain] = {}
        for name, domain in self.options.items():
            if name in own or not self.varies(name):
                continue
            value = choose(RECIPE_GENES + name, domain)
            if name == "optimizer":
                own = self.own.get(str(value), {})
                for option, its in own.items():
                    choose(f"{RECIPE_GENES}{value}.{option}", its)

    def start(self, recipe: Recipe) -> dict[str, Gene]:
        """Return the genes in use of a recipe.

        Where the space doesn't hold one of its values, that is the middle of a range,
        or the first of a list.
        """
        chosen: dict[str, Gene] = {}

        def choose(name: str, domain: Domain) -> Gene:
            chosen[name] = _held(domain, getattr(recipe, name.rpartition(".")[2]))
            return chosen[name]

        self.walk(choose)
        return chosen

    def applied(self, recipe: Recipe, given: Mapping[str, Any], space: str) -> Recipe:
        """Return the recipe of a search: where genes begin, and all that is no gene.

        Args:
            recipe: what holds where nobody else says anything.
            given: fields that the user has set for this search; they win over what the
                space has fixed.
            space: the space's name, for complaints.

        Raises:
            ConfigError: when a field is given that the space searches.
        """
        for name, value in given.items():
            if self.varies(name):
                written = str(value).lower() if isinstance(value, bool) else value
                raise ConfigError(
                    f"{name} is searched by the space {space!r} and cannot be given; "
                    f"got {written}; leave it out, or have a copy of the space say "
                    f"'{name}: {written}' under 'recipe'"
                )
        return replace(recipe, **(self.fixed | dict(given)))


def _held(domain: Domain, value: Any) -> Gene:
    """Return a value if a domain holds it, else the domain's middle or first one."""
    if isinstance(domain, Choice):
        return next((o for o in domain.options if o == value), domain.options[0])
    if domain.low <= value <= domain.high:
        middle = value
    elif domain.log:
        middle = math.sqrt(domain.low * domain.high)
    else:
        middle = (domain.low + domain.high) / 2
    if isinstance(domain, FloatRange):
        return float(middle)
    return domain.low + int((middle - domain.low) / domain.step) * domain.step
