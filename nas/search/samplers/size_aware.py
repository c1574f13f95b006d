"""The sampler made for this job: accuracy is predicted, size is counted."""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import Any, final

from optuna.distributions import BaseDistribution

from nas.search.samplers.promising import Promising
from nas.search.samplers.rows import RowSampler
from nas.search.samplers.sizes import CostOf, SizeOf


@final
class SizeAwareSampler(RowSampler):
    """Proposes the network that is expected to add most to the front.

    A Gaussian process predicts the log error of networks nobody has trained; their size
    is counted, not predicted, so the expected gain in hypervolume is a sum of integrals
    over one unknown. Candidates are neighbours of the front, crossings of its members
    and random networks. For a study that maximizes accuracy and minimizes size, or
    other costs; up to about 64 trials may be under way.

    Args:
        search_space: the distribution of every gene, those that exclude others too.
        size_of: the exact size of a parameter set, which has every gene. May raise
            ``nas.errors.DoesNotFit`` for one that must not be proposed.
        seed: of everything drawn.
        size_gene: the gene, if any, that holds the size which a network is asked to
            have. Only the best candidates are counted then, so that ``size_of`` may
            take a millisecond; otherwise every one is.
        identity_of: equal for parameter sets that make the same network; by default
            the genes in use.
        in_use: the names of the genes of a full parameter set that are in use; by
            default that is learnt from the genes that trials ask for.
        first: parameter sets to begin with.
        start: values for the smallest and the largest network, which are among the
            first, of genes that size doesn't depend on.
        costs: what the study minimizes, in the order of its values: a function of a
            parameter set each, None for what only finished trials tell. By default
            size is the only one.
    """

    def __init__(
        self,
        search_space: Mapping[str, BaseDistribution],
        size_of: SizeOf,
        seed: int | None = None,
        *,
        size_gene: str | None = None,
        identity_of: Callable[[dict[str, Any]], Hashable] | None = None,
        in_use: Callable[[dict[str, Any]], Collection[str]] | None = None,
        first: Sequence[Mapping[str, Any]] = (),
        start: Mapping[str, Any] | None = None,
        costs: Sequence[CostOf] | None = None,
    ) -> None:
        super().__init__(
            Promising,
            search_space,
            size_of,
            seed,
            size_gene=size_gene,
            identity_of=identity_of,
            in_use=in_use,
            first=first,
            start=start,
            costs=costs,
        )
