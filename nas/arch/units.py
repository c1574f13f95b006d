"""Units: the function inside a block that is repeated.

A unit maps ``w_in`` channels to the width its block asks for. Only what shapes the
function stands here; widths belong to the block.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from nas.arch.checks import check_kernel, check_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Basic:
    """Two k x k convolutions (He et al. 2016)."""

    kind: ClassVar[str] = "basic"
    kernel: int = 3

    def __post_init__(self) -> None:
        check_kernel("kernel", self.kernel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bottleneck:
    """1 x 1 to ``ratio`` times the output width, k x k there, 1 x 1 back.

    ResNet uses a ratio of 1/4; a dense layer (Huang et al. 2017) widens by 4.
    """

    kind: ClassVar[str] = "bottleneck"
    kernel: int = 3
    ratio: float = 0.25

    def __post_init__(self) -> None:
        check_kernel("kernel", self.kernel)
        check_number("ratio", self.ratio, above=0.0, at_most=64.0)

    def hidden(self, w_out: int) -> int:
        """Return the width between the two 1 x 1 convolutions."""
        return max(1, round(w_out * self.ratio))


@dataclass(frozen=True, slots=True, kw_only=True)
class Separable:
    """A depthwise k x k, then a 1 x 1 convolution (Howard et al. 2017)."""

    kind: ClassVar[str] = "separable"
    kernel: int = 3

    def __post_init__(self) -> None:
        check_kernel("kernel", self.kernel)


Unit = Basic | Bottleneck | Separable

UNITS: Final[dict[str, type[Unit]]] = {
    cls.kind: cls for cls in (Basic, Bottleneck, Separable)
}
