"""Who is trained to the end: trials of the search, and known networks beside them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from nas.amounts import parse_amount
from nas.arch import Architecture, from_json, to_json
from nas.arch.reference import REFERENCES
from nas.errors import ConfigError, DoesNotFit, RunError, SpecError, unknown
from nas.nn.cost import num_params
from nas.records import Recipe, TrialRecord
from nas.space.scaled import scaled

_SIZES_OF_FRONT: Final = "front"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A network with its recipe, under a name: "trial-7", "resnet20@300k".

    ``trial`` is the number of a trial of the search, None for a known network.
    ``target`` is there where widths were scaled: the parameters that it stays under,
    or comes as near to as it can.
    """

    name: str
    architecture: Architecture
    recipe: Recipe
    trial: int | None = None
    target: int | None = None

    @property
    def params(self) -> int:
        """Its trainable parameters."""
        return num_params(self.architecture)

    def to_json(self) -> dict[str, Any]:
        """Return the contender as plain JSON data."""
        return {
            "name": self.name,
            "trial": self.trial,
            "target": self.target,
            "recipe": asdict(self.recipe),
            "architecture": to_json(self.architecture),
        }

    @classmethod
    def from_json(
        cls, data: Mapping[str, Any], plugins: Iterable[Path] = ()
    ) -> "Contender":
        """Return the contender that ``to_json`` wrote; ``plugins`` as in ``nas.arch``.

        Raises:
            NasError: naming what is wrong with it.
            KeyError, TypeError: it is something else.
        """
        if not isinstance(data["name"], str):
            raise RunError(f"name must be text; got {data['name']!r:.60}")
        return cls(
            name=data["name"],
            architecture=from_json(data["architecture"], plugins),
            recipe=Recipe(**data["recipe"]),
            trial=data["trial"],
            target=data["target"],
        )


def trial_contender(record: TrialRecord, recipe: Recipe) -> Contender:
    """Return a trial as a contender, given its run's recipe."""
    return Contender(
        name=f"trial-{record.trial}",
        architecture=record.architecture,
        recipe=record.trained_with(recipe),
        trial=record.trial,
    )


def known_networks(
    names: Sequence[str],
    *,
    input_shape: tuple[int, int, int],
    num_classes: int,
    sizes: Sequence[int],
    recipe: Recipe,
) -> tuple[Contender, ...]:
    """Return known networks as contenders.

    Args:
        names: "resnet20" as it is known, "resnet20@300k" with its widths scaled to
            land just under so many parameters, "resnet20@front" at all of ``sizes``.
        input_shape: the (channels, height, width) of the images.
        num_classes: of the data.
        sizes: parameters of the trials that they are to be compared with.
        recipe: that all of them are trained with.

    Raises:
        ConfigError: for a name that is not known or a size that cannot be had.
    """
    found: dict[str, Contender] = {}
    for text in names:
        name, _, size = (part.strip() for part in text.partition("@"))
        if name not in REFERENCES:
            raise ConfigError(unknown("network", name, REFERENCES))
        try:
            network = REFERENCES[name](input_shape, num_classes)
        except SpecError as error:
            raise ConfigError(f"{text} cannot take these images: {error}") from None
        try:
            for target in _targets(size, sizes, text):
                called = name if target is None else f"{name}@{_short(target)}"
                found[called] = Contender(
                    name=called,
                    architecture=network if target is None else scaled(network, target),
                    recipe=recipe,
                    target=target,
                )
        except DoesNotFit as error:
            raise ConfigError(
                f"{text} cannot be had: {error}; ask for a larger one"
            ) from None
        except SpecError as error:
            raise ConfigError(
                f"{text} cannot be had: {error}; ask for a smaller one"
            ) from None
    return tuple(found.values())


def _targets(size: str, sizes: Sequence[int], text: str) -> Sequence[int | None]:
    """Return the sizes that are meant; None is that which a network has by itself."""
    if "@" not in text:
        return [None]
    if size == _SIZES_OF_FRONT:
        return sorted(set(sizes))
    target = parse_amount(size)
    if not target:
        raise ConfigError(
            f"what stands behind @ must be a size or 'front'; got {text!r}; write for "
            "example resnet20@300k"
        )
    return [target]


def _short(size: int) -> str:
    return f"{size // 1000}k" if size % 1000 == 0 else str(size)
