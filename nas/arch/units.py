"""Units: the function inside a block that is repeated.

A unit maps ``w_in`` channels to ``w_out``. Only what shapes the function stands here;
widths belong to the block. Each class says which of its fields are ``relative`` to
those widths, and ``derived`` gives the channels that they come to.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from nas.arch.checks import check_int, check_kernel, check_number
from nas.arch.custom import CustomUnit
from nas.errors import SpecError


@dataclass(frozen=True, slots=True, kw_only=True)
class Conv:
    """One k x k convolution (VGG, Simonyan & Zisserman 2015)."""

    kind: ClassVar[str] = "conv"
    preact: ClassVar[bool] = False
    relative: ClassVar[tuple[str, ...]] = ()
    kernel: int = 3

    def __post_init__(self) -> None:
        check_kernel("kernel", self.kernel)

    def derived(self, w_in: int, w_out: int) -> dict[str, int]:  # noqa: ARG002
        """Return nothing: no field is relative."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Basic:
    """Two k x k convolutions (He et al. 2016)."""

    kind: ClassVar[str] = "basic"
    preact: ClassVar[bool] = False
    relative: ClassVar[tuple[str, ...]] = ()
    kernel: int = 3

    def __post_init__(self) -> None:
        check_kernel("kernel", self.kernel)

    def derived(self, w_in: int, w_out: int) -> dict[str, int]:  # noqa: ARG002
        """Return nothing: no field is relative."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class PreactBasic:
    """Two k x k convolutions, each behind its norm and activation (He et al. 2016b)."""

    kind: ClassVar[str] = "preact_basic"
    preact: ClassVar[bool] = True
    relative: ClassVar[tuple[str, ...]] = ()
    kernel: int = 3

    def __post_init__(self) -> None:
        check_kernel("kernel", self.kernel)

    def derived(self, w_in: int, w_out: int) -> dict[str, int]:  # noqa: ARG002
        """Return nothing: no field is relative."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bottleneck:
    """1 x 1 to ``ratio`` times the output width, k x k there, 1 x 1 to the output.

    ResNet-50 has a ratio of 1/4, ResNeXt one of 1/2 and 32 ``groups`` (Xie et al.
    2017).
    """

    kind: ClassVar[str] = "bottleneck"
    preact: ClassVar[bool] = False
    relative: ClassVar[tuple[str, ...]] = ("ratio",)
    kernel: int = 3
    ratio: float = 0.25
    groups: int = 1

    def __post_init__(self) -> None:
        check_kernel("kernel", self.kernel)
        check_number("ratio", self.ratio, above=0.0, at_most=64.0)
        check_int("groups", self.groups)

    def derived(self, w_in: int, w_out: int) -> dict[str, int]:  # noqa: ARG002
        """Return the hidden width.

        Raises:
            SpecError: when the groups don't divide it.
        """
        hidden = max(1, round(w_out * self.ratio))
        if hidden % self.groups:
            use = max(1, round(hidden / self.groups)) * self.groups
            raise SpecError(
                f"unit.groups must divide the hidden width, {self.ratio:g} x {w_out} = "
                f"{hidden}; got {self.groups}; use a ratio of {use / w_out:g}, which "
                f"makes it {use}"
            )
        return {"hidden": hidden}


@dataclass(frozen=True, slots=True, kw_only=True)
class PreactBottleneck:
    """1 x 1 to ``ratio`` times the output width, k x k to the output, preactivated.

    The layer of DenseNet-BC, with a ratio of 4 (Huang et al. 2017).
    """

    kind: ClassVar[str] = "preact_bottleneck"
    preact: ClassVar[bool] = True
    relative: ClassVar[tuple[str, ...]] = ("ratio",)
    kernel: int = 3
    ratio: float = 4.0

    def __post_init__(self) -> None:
        check_kernel("kernel", self.kernel)
        check_number("ratio", self.ratio, above=0.0, at_most=64.0)

    def derived(self, w_in: int, w_out: int) -> dict[str, int]:  # noqa: ARG002
        """Return the hidden width."""
        return {"hidden": max(1, round(w_out * self.ratio))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Separable:
    """A depthwise k x k, then a 1 x 1 convolution (Howard et al. 2017)."""

    kind: ClassVar[str] = "separable"
    preact: ClassVar[bool] = False
    relative: ClassVar[tuple[str, ...]] = ()
    kernel: int = 3

    def __post_init__(self) -> None:
        check_kernel("kernel", self.kernel)

    def derived(self, w_in: int, w_out: int) -> dict[str, int]:  # noqa: ARG002
        """Return nothing: no field is relative."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverted:
    """1 x 1 to ``expansion`` times the input width, depthwise k x k, 1 x 1.

    The last convolution has no activation (MobileNetV2, Sandler et al. 2018). With
    ``squeeze`` above 0 a squeeze-and-excitation of that part of the input width weighs
    the channels (EfficientNet uses 1/4; Hu et al. 2018).
    """

    kind: ClassVar[str] = "inverted"
    preact: ClassVar[bool] = False
    relative: ClassVar[tuple[str, ...]] = ("expansion", "squeeze")
    kernel: int = 3
    expansion: float = 4.0
    squeeze: float = 0.0

    def __post_init__(self) -> None:
        check_kernel("kernel", self.kernel)
        check_number("expansion", self.expansion, above=0.0, at_most=64.0)
        if self.squeeze != 0 or isinstance(self.squeeze, bool):
            check_number("squeeze", self.squeeze, above=0.0, at_most=64.0)

    def derived(self, w_in: int, w_out: int) -> dict[str, int]:  # noqa: ARG002
        """Return the hidden and the squeezed width, 0 where there is no squeeze."""
        squeezed = max(1, round(w_in * self.squeeze)) if self.squeeze else 0
        return {"hidden": max(1, round(w_in * self.expansion)), "squeezed": squeezed}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inception:
    """Four branches side by side: 1 x 1, 3 x 3, k x k, pooling (Szegedy et al. 2015).

    The fields are proportions: the four branches share the output width as ``conv1``,
    ``conv3``, ``convk`` and ``pool``, and the inner branches are first reduced to
    ``reduce3`` and ``reducek`` of the same measure.
    """

    kind: ClassVar[str] = "inception"
    preact: ClassVar[bool] = False
    relative: ClassVar[tuple[str, ...]] = (
        "conv1",
        "reduce3",
        "conv3",
        "reducek",
        "convk",
        "pool",
    )
    kernel: int = 5
    conv1: int = 4
    reduce3: int = 6
    conv3: int = 8
    reducek: int = 1
    convk: int = 2
    pool: int = 2

    def __post_init__(self) -> None:
        check_kernel("kernel", self.kernel)
        for name in self.relative:
            check_int(name, getattr(self, name))

    def derived(self, w_in: int, w_out: int) -> dict[str, int]:  # noqa: ARG002
        """Return the width of each branch and of the two reductions.

        Raises:
            SpecError: when there is not a channel for each branch.
        """
        whole = self.conv1 + self.conv3 + self.convk + self.pool
        if w_out < 4:
            raise SpecError(
                "width must be at least 4 for an inception unit, a channel for each "
                f"branch; got {w_out}; use 4 or more"
            )
        parts = {
            name: max(1, round(w_out * getattr(self, name) / whole))
            for name in self.relative
        }
        rest = w_out - parts["conv1"] - parts["convk"] - parts["pool"]
        while rest < 1:  # a narrow unit of lopsided proportions
            widest = max(("conv1", "convk", "pool"), key=lambda name: parts[name])
            parts[widest] -= 1
            rest += 1
        return parts | {"conv3": rest}


Unit = (
    Conv
    | Basic
    | PreactBasic
    | Bottleneck
    | PreactBottleneck
    | Separable
    | Inverted
    | Inception
    | CustomUnit
)

UNITS: Final[dict[str, type[Unit]]] = {
    cls.kind: cls
    for cls in (
        Conv,
        Basic,
        PreactBasic,
        Bottleneck,
        PreactBottleneck,
        Separable,
        Inverted,
        Inception,
    )
}
