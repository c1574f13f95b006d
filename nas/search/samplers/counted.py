"""The sampler's view of a search space for given data and a given budget."""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Final

from nas.arch import Architecture, Gene, canonical_hash
from nas.arch.reference import REFERENCES
from nas.errors import DoesNotFit, NasError
from nas.nn.cost import cost, num_params
from nas.records import RECIPE_GENES, recipe_hash
from nas.report import SIZE, CostAxis
from nas.search.samplers.sizes import CostOf
from nas.space import TARGET, BoundSpace, Domain
from nas.space.topology import walk

_REMEMBERED: Final = 4096
_COUNTED: Final[Mapping[str, Callable[[Architecture], float]]] = {
    "params": num_params,
    "macs": lambda network: cost(network).total.macs,
}
"""What can be counted before anything is trained; other costs are measured."""


class Counted:
    """Sizes, identities and genes in use of parameter sets of a space.

    Args:
        space: where to search.
        costs: that trials are told with.
    """

    def __init__(self, space: BoundSpace, costs: Sequence[CostAxis] = SIZE) -> None:
        self.space = space
        self.costs = tuple(costs)
        # Size and identity of a candidate are asked for one after the other, or only
        # its size, for which it need not be hashed.
        self._network = lru_cache(_REMEMBERED)(self._decoded)

    def hooks(self) -> dict[str, Any]:
        """Return the arguments of ``SizeAwareSampler`` for the space."""
        return {
            "search_space": self.space.distributions(),
            "size_of": self.size_of,
            "size_gene": TARGET if self.space.space.solved else None,
            "identity_of": self.identity_of,
            "in_use": self.in_use,
            "first": self.first(),
            "start": self.space.start,
            "costs": None if self.costs == SIZE else self.counts(),
        }

    def size_of(self, params: Mapping[str, Any]) -> float:
        """Return the size in trainable parameters.

        Raises:
            DoesNotFit: when no network of the topology is small enough.
        """
        return num_params(self._fitting(params))

    def counts(self) -> list[CostOf]:
        """Return what counts each cost, None for one that only a measurement tells."""
        known = [_COUNTED.get(axis.name) for axis in self.costs]
        return [count and partial(self._count, count) for count in known]

    def _count(
        self, count: Callable[[Architecture], float], params: Mapping[str, Any]
    ) -> float:
        return count(self._fitting(params))

    def identity_of(self, params: Mapping[str, Any]) -> Hashable:
        """Return the hashes of architecture and recipe; None without a network."""
        network = self._network(_architecture(params))
        if network is None:
            return None
        recipe: dict[str, Gene] = {}

        def note(name: str, _: Domain) -> Gene:
            recipe[name] = params[name]
            return recipe[name]

        self.space.space.recipe.walk(note)
        return canonical_hash(network), recipe_hash(recipe)

    def in_use(self, params: Mapping[str, Any]) -> Collection[str]:
        """Return the names of the genes in use."""
        used = [TARGET] if self.space.space.solved else []

        def look_up(name: str, _: Domain) -> Gene:
            used.append(name)
            gene: Gene = params[name]
            return gene

        walk(self.space.space, look_up)
        self.space.space.recipe.walk(look_up)
        return used

    def first(self) -> list[dict[str, Gene]]:
        """Return the genes of the smallest network, and of the hand-made ones."""
        networks: list[Architecture] = [self.space.smallest]
        shape, classes = self.space.input_shape, self.space.num_classes
        found = []
        for make in REFERENCES.values():
            try:
                networks.append(make(shape, classes))
            except NasError:  # not for images as small as these
                continue
        for network in networks:
            try:
                found.append(self.space.encode(network))
            except NasError:  # not in the space
                continue
        return found

    def _fitting(self, params: Mapping[str, Any]) -> Architecture:
        network = self._network(_architecture(params))
        if network is None:
            raise DoesNotFit("the topology is over its target size, or the budget")
        return network

    def _decoded(self, items: tuple[tuple[str, Any], ...]) -> Architecture | None:
        try:
            return self.space.decode(dict(items) | self.space.start)
        except DoesNotFit:
            return None


def _architecture(params: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Return the genes that size depends on: the recipe's it doesn't."""
    return tuple(
        item for item in params.items() if not item[0].startswith(RECIPE_GENES)
    )
