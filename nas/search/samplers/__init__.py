"""The samplers by name, each configured for this job."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

    from nas.report import CostAxis
    from nas.space import BoundSpace

SAMPLERS: Final = (
    "size-aware",
    "tpe",
    "nsga2",
    "nsga3",
    "gp",
    "random",
    "local",
    "evolution",
    "grid",
)


def make_sampler(
    name: str,
    seed: int,
    space: "BoundSpace",
    costs: "Sequence[CostAxis] | None" = None,
) -> "BaseSampler":
    """Return the sampler of a name in ``SAMPLERS``.

    Args:
        name: of the sampler.
        seed: of everything drawn.
        space: where to search.
        costs: that trials are told with, behind their accuracy; None for their size.

    Raises:
        ConfigError: when it cannot search that space.
    """
    from nas.report import SIZE
    from nas.search.samplers.catalog import sampler
    from nas.search.samplers.counted import Counted

    return sampler(name, seed, **Counted(space, costs or SIZE).hooks())
