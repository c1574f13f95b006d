"""The section ``recipe`` of a search space's YAML file."""

from collections.abc import Mapping
from typing import Final

from nas.arch import Gene
from nas.records import OPTIMIZERS, Recipe
from nas.space.domains import Choice, Domain
from nas.space.nodes import Node
from nas.space.options import read_judged
from nas.space.recipe import RECIPE_FIELDS, RecipeSpace

BY_OPTIMIZER: Final = ("lr", "weight_decay")
"""What an optimizer may have for itself, because its units are its own."""

_ELSEWHERE: Final = ("objective", "precision")

Options = dict[str, Domain]


def read_recipe(node: Node | None) -> RecipeSpace:
    """Read the section; nothing leaves the recipe to the search.

    Raises:
        SpaceError: for an unknown field, or a value that no recipe may have.
    """
    holds_others = node is not None and (node.is_mapping or node.is_sequence)
    if node is None or (not holds_others and node.scalar() is None):
        return RecipeSpace()
    entries = node.mapping(known=(*RECIPE_FIELDS, *_ELSEWHERE))
    for name in _ELSEWHERE:
        if name in entries:
            raise entries[name].error(
                "must not be set by a space, because trials that differ in it cannot "
                f"be compared; leave it out, and search with --{name}"
            )
    options: Options = {}
    own: dict[str, Options] = {}
    for name in RECIPE_FIELDS:
        if name not in entries:
            continue
        if name == "optimizer" and entries[name].is_mapping:
            own = _optimizers(entries[name])
            options[name] = Choice(tuple(own))
        else:
            options[name] = _domain(entries[name], name)
    if "optimizer" in entries:
        _check_rates(entries["optimizer"], options, own)
    if len(own) == 1:  # without a choice, nothing goes by it
        ((kind, alone),) = own.items()
        for name in alone:
            if name in entries:
                raise entries[name].error(
                    f"stands here and under {kind!r}, the only optimizer; keep one"
                )
        options, own = options | alone, {}
    for name in BY_OPTIMIZER:
        if name in entries and own and all(name in fields for fields in own.values()):
            raise entries[name].error(
                f"is never used, for {' and '.join(map(repr, own))} have their own; "
                "leave it out here or there"
            )
    ordered: Options = {n: options[n] for n in RECIPE_FIELDS if n in options}
    return RecipeSpace(options=ordered, own=own)


def _optimizers(node: Node) -> dict[str, Options]:
    """Read {optimizer: {field: domain}}."""
    found: dict[str, Options] = {}
    for kind, place in node.mapping(known=OPTIMIZERS).items():
        found[kind] = {}
        if place.is_mapping or place.scalar() is not None:
            entries = place.mapping(known=BY_OPTIMIZER)
            found[kind] = {n: _domain(e, n) for n, e in entries.items()}
    if not found:
        raise node.error(f"must name at least one optimizer: {', '.join(OPTIMIZERS)}")
    return found


def _domain(node: Node, name: str) -> Domain:
    """Read a field's domain, whose values a recipe judges."""
    default = getattr(Recipe(), name)
    example = str(default).lower() if isinstance(default, bool) else default

    def judge(value: Gene) -> None:
        Recipe(**{name: value})  # type: ignore[arg-type]

    return read_judged(node, name, judge, remedy=f"; use for example {example}")


def _check_rates(
    node: Node, options: Mapping[str, Domain], own: Mapping[str, Options]
) -> None:
    """Have every optimizer but the default one say its learning rate.

    The default rate is the default optimizer's; with it, AdamW only diverges.
    """
    optimizers = options["optimizer"]
    assert isinstance(optimizers, Choice)  # names have no ranges
    for kind in optimizers.options:
        stated = "lr" in options or "lr" in own.get(str(kind), {})
        if kind != Recipe().optimizer and not stated:
            raise node.error(
                f"must come with learning rates for {kind!r}, because the default is "
                f"sgd's; write {kind}: {{lr: {{float: [0.0003, 0.03], log: true}}}}"
            )
