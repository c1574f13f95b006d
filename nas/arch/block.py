"""A block of units, and the layers that a stem is made of."""

from dataclasses import dataclass
from typing import ClassVar, Final

from nas.arch.aggregations import Aggregation, Concat, Hierarchical, Sum
from nas.arch.checks import check_bool, check_int, check_kernel
from nas.arch.units import Inception, Unit
from nas.errors import SpecError, unknown

POOLS: Final = ("max", "avg")

Size = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Pooling that lowers the resolution.

    A ``padded`` one is centred on every ``stride``-th position, as the stem of ResNet
    has it; otherwise windows start at the corner and the last may be cut, as in
    GoogLeNet.
    """

    kind: ClassVar[str] = "pool"
    type: str = "max"
    kernel: int = 2
    stride: int = 2
    padded: bool = False

    def __post_init__(self) -> None:
        if self.type not in POOLS:
            raise SpecError(f"type: {unknown('pooling', self.type, POOLS)}")
        check_int("kernel", self.kernel)
        check_int("stride", self.stride)
        check_bool("padded", self.padded)
        if self.padded:
            check_kernel("kernel", self.kernel)

    def size(self, size: Size) -> Size:
        """Return the (height, width) behind it.

        Raises:
            SpecError: when an image is smaller than the window.
        """
        height, width = size
        return self._length(height), self._length(width)

    def _length(self, length: int) -> int:
        if self.padded:
            return -(-length // self.stride)
        windows = -(-(length - self.kernel) // self.stride) + 1
        if windows < 1:
            raise SpecError(
                f"kernel must not be larger than the {length} positions there; "
                f"got {self.kernel}; use {length} or less, or larger images"
            )
        return windows - ((windows - 1) * self.stride >= length)


@dataclass(frozen=True, slots=True, kw_only=True)
class StemConv:
    """A k x k convolution of the stem; without ``norm`` nothing follows it."""

    kind: ClassVar[str] = "conv"
    width: int
    kernel: int = 3
    stride: int = 1
    norm: bool = True

    def __post_init__(self) -> None:
        check_int("width", self.width)
        check_kernel("kernel", self.kernel)
        check_int("stride", self.stride)
        check_bool("norm", self.norm)

    def size(self, size: Size) -> Size:
        """Return the (height, width) behind it."""
        return downsampled(size, self.stride)


StemLayer = StemConv | Pool

STEM_LAYERS: Final[dict[str, type[StemLayer]]] = {
    cls.kind: cls for cls in (StemConv, Pool)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """``depth`` units at one resolution, aggregated; gives ``width`` channels out.

    A block opens a new stage by the ``stride`` of its first unit (a concat block, whose
    units keep the resolution, by average pooling), or by a ``pool`` ahead of it all.
    """

    aggregation: Aggregation
    unit: Unit
    depth: int
    width: int
    stride: int = 1
    pool: Pool | None = None

    def __post_init__(self) -> None:
        check_int("depth", self.depth)
        check_int("width", self.width)
        check_int("stride", self.stride)
        if self.pool is not None and self.stride > 1:
            raise SpecError(
                "stride must be 1 in a block with a pool, which lowers the resolution "
                f"by itself; got {self.stride}; use 1, or no pool"
            )
        if isinstance(self.aggregation, Hierarchical):
            self._check_tree()
        if isinstance(self.aggregation, Sum):
            self._check_gain(self.aggregation)

    def size(self, size: Size) -> Size:
        """Return the (height, width) of its output."""
        if self.pool is not None:
            return self.pool.size(size)
        return downsampled(size, self.stride)

    def unit_widths(self, w_in: int) -> tuple[tuple[int, int], ...]:
        """Return the (w_in, w_out) of each unit, of a block that gets ``w_in``."""
        if isinstance(self.aggregation, Concat):
            growth = self.aggregation.growth
            return tuple((w_in + i * growth, growth) for i in range(self.depth))
        return ((w_in, self.width), *((self.width, self.width),) * (self.depth - 1))

    def check_widths(self, w_in: int) -> None:
        """Refuse widths that cannot work behind ``w_in`` channels.

        Raises:
            SpecError: naming the field, the rule, the value and the remedy.
        """
        for unit_in, unit_out in dict.fromkeys(self.unit_widths(w_in)):
            self.unit.derived(unit_in, unit_out)
        match self.aggregation:
            case Sum(shortcut="pad") if self.width < w_in:
                raise SpecError(
                    f"width must be at least {w_in}, the block's input, where the "
                    f"shortcut is filled up with zeros; got {self.width}; "
                    f"use {w_in} or the shortcut 'conv'"
                )
            case Concat(growth=growth, compress=False):
                grown = w_in + self.depth * growth
                if self.width != grown:
                    raise SpecError(
                        f"width must be {grown} = {w_in} + {self.depth} x {growth} in "
                        f"a concat block without compress; got {self.width}; "
                        f"use {grown}"
                    )

    def _check_tree(self) -> None:
        depth = self.depth
        if depth >= 2 and depth & (depth - 1) == 0:
            return
        below = 1 << (max(depth, 2).bit_length() - 1)
        use = f"use {below} or {2 * below}" if depth > 2 else "use 2"
        raise SpecError(
            "depth must be a power of two of at least 2 in a hierarchical block, "
            f"whose units are the leaves of a binary tree; got {depth}; {use}"
        )

    def _check_gain(self, aggregation: Sum) -> None:
        ends_in_norm = not (self.unit.preact or isinstance(self.unit, Inception))
        if aggregation.gain != 1 and not ends_in_norm:
            raise SpecError(
                f"aggregation.gain must be 1 with the unit {self.unit.kind!r}, which "
                f"does not end in a norm; got {aggregation.gain}; use 1"
            )


def downsampled(size: Size, stride: int) -> Size:
    """Return the (height, width) behind a stride, which rounds up."""
    height, width = size
    return -(-height // stride), -(-width // stride)
