"""Aggregations: how the outputs of a block's units become the block's output."""

from dataclasses import dataclass
from typing import ClassVar, Final

from nas.arch.checks import check_bool, check_int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """Each unit's output is added to its input (ResNet, He et al. 2016)."""

    kind: ClassVar[str] = "sum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Concat:
    """Each unit sees all earlier outputs and adds ``growth`` channels to them.

    A 1 x 1 convolution compresses the result to the block's width (DenseNet, Huang
    et al. 2017).
    """

    kind: ClassVar[str] = "concat"
    growth: int

    def __post_init__(self) -> None:
        check_int("growth", self.growth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchical:
    """A binary tree: aggregation nodes merge pairs of units, then pairs of pairs.

    ``residual_root`` adds a node's last child to its output; ``carry_input`` hands
    the block's input to the last node (DLA, Yu et al. 2018).
    """

    kind: ClassVar[str] = "hierarchical"
    residual_root: bool = False
    carry_input: bool = True

    def __post_init__(self) -> None:
        check_bool("residual_root", self.residual_root)
        check_bool("carry_input", self.carry_input)


Aggregation = Sum | Concat | Hierarchical

AGGREGATIONS: Final[dict[str, type[Aggregation]]] = {
    cls.kind: cls for cls in (Sum, Concat, Hierarchical)
}
