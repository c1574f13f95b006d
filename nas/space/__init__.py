"""Search spaces: YAML -> genes -> architectures under a budget, and back."""

from nas.space.bound import TARGET, BoundSpace
from nas.space.catalog import load_space, shipped
from nas.space.domains import Domain
from nas.space.loader import read_space
from nas.space.space import SearchSpace

__all__ = [
    "TARGET",
    "BoundSpace",
    "Domain",
    "SearchSpace",
    "load_space",
    "read_space",
    "shipped",
]
