"""The units and aggregations that a space's plugins bring along."""

import inspect
from itertools import islice
from typing import Any, Final

from nas.arch import CustomAggregation, CustomUnit, Plugin
from nas.errors import SpecError
from nas.space.domains import Choice, Domain, FloatRange
from nas.space.nodes import Node
from nas.space.options import read_domain, read_positive
from nas.space.space import Variant

# What a class is called with ahead of its options.
_NUM_GIVEN: Final = {"unit": 3, "aggregation": 5}
_PROBED_DEPTH: Final = 2
_TRIED: Final = 64  # of a range's values, besides its end


class CustomKinds:
    """The module classes of some plugins by their names.

    A plugin is imported, and torch with it, only when a kind is looked for that is no
    built-in one.
    """

    def __init__(self, plugins: tuple[Plugin, ...]) -> None:
        self.plugins = plugins

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all classes."""
        return tuple(self._classes())

    def __contains__(self, kind: str) -> bool:
        return bool(self.plugins) and kind in self._classes()

    def variant(
        self, kind: str, node: Node | None, place: Node, what: str, most_depth: int
    ) -> Variant:
        """Read the options of a custom kind, and try it out with each of them.

        Raises:
            SpaceError: for an option that the class does not take.
            SpecError: pointing at the user's file and line when the class fails.
        """
        cls, plugin = self._classes()[kind]
        names = list(inspect.signature(cls).parameters)[_NUM_GIVEN[what] :]
        other = ("depth",) if what == "aggregation" else ()
        entries: dict[str, Node] = {}
        if node is not None and (node.is_mapping or node.scalar() is not None):
            entries = node.mapping(known=(*names, *other))
        depth_node = entries.pop("depth", None) if other else None
        depth = None if depth_node is None else read_positive(depth_node, most_depth)
        options = {name: read_domain(entry)[0] for name, entry in entries.items()}
        variant = Variant(
            kind=kind,
            cls=CustomUnit if what == "unit" else CustomAggregation,
            options=options,
            depth=depth,
            plugin=plugin,
        )
        _try_out(variant, place)
        return variant

    def _classes(self) -> dict[str, tuple[type[Any], Plugin]]:
        from nas.nn.plugins import module_classes

        return {
            name: (cls, plugin)
            for plugin in self.plugins
            for name, cls in module_classes(plugin).items()
        }


def _try_out(variant: Variant, place: Node) -> None:
    from nas.nn.plugins import check_aggregation, check_unit

    first = {name: _values(domain)[0] for name, domain in variant.options.items()}
    trials = [first]
    for name, domain in variant.options.items():
        trials += [first | {name: value} for value in _values(domain)[1:]]
    for chosen in trials:
        spec = variant.build(chosen)
        try:
            if isinstance(spec, CustomUnit):
                check_unit(spec)
            else:
                depths = variant.depth
                depth = _PROBED_DEPTH if depths is None else int(_values(depths)[0])
                check_aggregation(spec, depth)
        except SpecError as error:
            raise place.error(f"cannot be used: {error}") from None


def _values(domain: Domain) -> tuple[Any, ...]:
    if isinstance(domain, Choice):
        return domain.options
    if isinstance(domain, FloatRange):
        return (domain.low, domain.high)
    steps = range(domain.low, domain.high, domain.step)
    return (*islice(steps, _TRIED), domain.high)
