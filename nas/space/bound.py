"""A search space for given data and a given budget: genes <-> architectures."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from nas.arch import Architecture, Gene
from nas.errors import DoesNotFit, SpaceError, SpecError, unknown
from nas.nn.cost import num_params
from nas.records import Recipe
from nas.space.domains import Domain, IntRange
from nas.space.encode import topologies
from nas.space.smallest import smallest
from nas.space.space import SearchSpace
from nas.space.topology import Choose, Topology, assemble, genes, walk
from nas.space.widths import Widths, solve

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.distributions import BaseDistribution

TARGET: Final = "target"
"""The gene that holds the size a network is asked to have."""

_DRAWS: Final = 1000


@dataclass(frozen=True, kw_only=True)
class BoundSpace:
    """The networks of a space for one kind of image, none larger than the budget.

    Args:
        space: what may be chosen.
        input_shape: (channels, height, width) of the images.
        num_classes: of the data.
        max_params: the budget, in trainable parameters.
        recipe: where the genes of recipes begin, if the space has any.

    Raises:
        SpaceError: when the space's smallest network is over the budget, or its strides
            are too many for the images.
    """

    space: SearchSpace
    input_shape: tuple[int, int, int]
    num_classes: int
    max_params: int
    recipe: Recipe = field(default_factory=Recipe)
    smallest: Architecture = field(init=False)

    def __post_init__(self) -> None:
        try:
            least = smallest(self.space, self.input_shape, self.num_classes)
        except SpecError as error:
            raise SpaceError(f"{self.space.name}: {error}") from None
        object.__setattr__(self, "smallest", least)
        if self.min_params > self.max_params:
            raise SpaceError(
                f"the smallest network of the space {self.space.name!r} has "
                f"{self.min_params:,} parameters, over the budget of "
                f"{self.max_params:,}; allow at least {self.min_params:,}"
            )

    @cached_property
    def min_params(self) -> int:
        """The size of the space's smallest network."""
        return num_params(self.smallest)

    @cached_property
    def domains(self) -> dict[str, Domain]:
        """Every gene with what it may be; which are in use depends on the others."""
        found = genes(self.space)
        if self.space.solved:
            found[TARGET] = IntRange(self.min_params, self.max_params, log=True)
        return found | self.space.recipe.genes()

    @cached_property
    def start(self) -> dict[str, Gene]:
        """The genes of the recipe that a search begins with."""
        return self.space.recipe.start(self.recipe)

    def distributions(self) -> dict[str, "BaseDistribution"]:
        """Return the Optuna distribution of every gene."""
        return {name: domain.distribution() for name, domain in self.domains.items()}

    def suggest(self, trial: "Trial") -> Architecture:
        """Return the architecture that an Optuna trial proposes.

        Raises:
            DoesNotFit: when no network of the proposed topology is small enough.
        """
        return self._choose(lambda name, domain: domain.suggest(trial, name))

    def draw(self, rng: random.Random) -> Architecture | None:
        """Draw every gene once; None when that topology doesn't fit."""
        try:
            return self._choose(lambda _, domain: domain.sample(rng))
        except DoesNotFit:
            return None

    def sample(self, rng: random.Random) -> Architecture:
        """Draw until a topology fits; the smallest network where hardly any does."""
        for _ in range(_DRAWS):
            if (architecture := self.draw(rng)) is not None:
                return architecture
        return self.decode(self.encode(self.smallest))

    def decode(self, chosen: Mapping[str, Gene]) -> Architecture:
        """Return the architecture of a set of genes; those not in use are ignored.

        Raises:
            SpaceError: when a gene is missing, unknown or out of its domain.
            DoesNotFit: when no network of the topology is small enough.
        """
        for name in chosen:
            if name not in self.domains:
                raise SpaceError(unknown("gene", name, self.domains))

        def look_up(name: str, domain: Domain) -> Gene:
            if name not in chosen:
                raise SpaceError(f"the gene {name!r} is missing")
            if not domain.contains(chosen[name]):
                raise SpaceError(f"{name} must be among {domain}; got {chosen[name]!r}")
            return chosen[name]

        return self._choose(look_up)

    def encode(self, architecture: Architecture) -> dict[str, Gene]:
        """Return genes that decode to the architecture, those it came from if it can.

        Where the architecture doesn't tell them, the recipe's are those of ``start``.

        Raises:
            SpaceError: when the space does not hold the architecture, saying why.
        """
        shape = (architecture.input_shape, architecture.num_classes)
        if shape != (self.input_shape, self.num_classes):
            raise SpaceError(
                f"the architecture is for images {shape[0]} of {shape[1]} classes, "
                f"the space for {self.input_shape} of {self.num_classes}"
            )
        size = num_params(architecture)
        if size > self.max_params:
            raise SpaceError(
                f"the architecture has {size:,} parameters, over the budget of "
                f"{self.max_params:,}"
            )
        if architecture.genes is not None and self._gives(
            architecture.genes, architecture
        ):
            return dict(architecture.genes)
        for chosen in topologies(self.space, architecture):
            if self.space.solved:
                chosen[TARGET] = size
            chosen |= self.start
            if self._gives(chosen, architecture):
                return chosen
        raise SpaceError(
            f"the space {self.space.name!r} has no relative widths that come to those "
            "of the architecture"
        )

    def _gives(self, chosen: Mapping[str, Gene], architecture: Architecture) -> bool:
        try:
            return self.decode(chosen) == architecture
        except SpaceError:
            return False

    def _choose(self, choose: Choose) -> Architecture:
        chosen: dict[str, Gene] = {}

        def remember(name: str, domain: Domain) -> Gene:
            chosen[name] = choose(name, domain)
            return chosen[name]

        topology = walk(self.space, remember)
        target: Any = None
        if self.space.solved:
            target = remember(TARGET, self.domains[TARGET])
        self.space.recipe.walk(remember)
        try:
            if self.space.solved:
                widths = self._solved(topology, target)
            else:
                widths = tuple(int(width) for width in topology.widths)
            architecture = self._assembler(topology, chosen)(widths)
        except SpecError as error:  # genes that don't go together
            raise DoesNotFit(str(error)) from None
        size = num_params(architecture)
        if size > self.max_params:
            raise DoesNotFit(
                f"the network has {size:,} parameters, over the budget of "
                f"{self.max_params:,}"
            )
        return architecture

    def _solved(self, topology: Topology, target: int) -> Widths:
        assembled = self._assembler(topology, None)
        return solve(
            topology.widths,
            target,
            lambda widths: num_params(assembled(widths)),
            step=self.space.multiple_of,
            minimum=self.space.min_width,
        )

    def _assembler(
        self, topology: Topology, chosen: Mapping[str, Gene] | None
    ) -> Callable[[Widths], Architecture]:
        def assembled(widths: Widths) -> Architecture:
            return assemble(
                self.space,
                topology,
                widths,
                self.input_shape,
                self.num_classes,
                chosen,
            )

        return assembled
