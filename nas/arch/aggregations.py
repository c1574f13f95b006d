"""Aggregations: how the outputs of a block's units become the block's output."""

from dataclasses import dataclass
from typing import ClassVar, Final

from nas.arch.checks import check_bool, check_int, check_number
from nas.arch.custom import CustomAggregation
from nas.errors import SpecError, unknown

SHORTCUTS: Final = ("conv", "pad")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Units in a row, with nothing around them (VGG, GoogLeNet)."""

    kind: ClassVar[str] = "chain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """Each unit's output is added to its input (ResNet, He et al. 2016).

    Where the shapes differ, the ``shortcut`` is a 1 x 1 convolution ("conv") or takes
    every other position and fills up with zeros ("pad", option A of the paper).
    ``gain`` is what the scale of each unit's last norm starts from: 1 leaves it alone,
    0 makes the block start as the identity (Goyal et al. 2017), in between it is a
    layer scale (Touvron et al. 2021).
    """

    kind: ClassVar[str] = "sum"
    shortcut: str = "conv"
    gain: float = 1.0

    def __post_init__(self) -> None:
        if self.shortcut not in SHORTCUTS:
            problem = unknown("shortcut", self.shortcut, SHORTCUTS)
            raise SpecError(f"shortcut: {problem}")
        if self.gain != 0 or isinstance(self.gain, bool):
            check_number("gain", self.gain, above=0.0, at_most=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Concat:
    """Each unit sees all earlier outputs and adds ``growth`` channels to them.

    With ``compress`` a 1 x 1 convolution brings the result to the block's width;
    without, the width is what it has grown to (DenseNet, Huang et al. 2017).
    """

    kind: ClassVar[str] = "concat"
    growth: int
    compress: bool = True

    def __post_init__(self) -> None:
        check_int("growth", self.growth)
        check_bool("compress", self.compress)


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


Aggregation = Chain | Sum | Concat | Hierarchical | CustomAggregation

AGGREGATIONS: Final[dict[str, type[Aggregation]]] = {
    cls.kind: cls for cls in (Chain, Sum, Concat, Hierarchical)
}
