"""The spec tree of a network: stem, blocks and classifier, frozen and valid."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nas.arch.aggregations import Aggregation, Hierarchical
from nas.arch.checks import check_int, check_kernel
from nas.arch.units import Unit
from nas.errors import SpecError, shown

Gene = int | float | str | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stem:
    """A convolution from the image to ``width`` channels, ahead of the blocks."""

    width: int
    kernel: int = 3
    stride: int = 1

    def __post_init__(self) -> None:
        check_int("width", self.width)
        check_kernel("kernel", self.kernel)
        check_int("stride", self.stride)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """``depth`` units at one resolution, aggregated; gives ``width`` channels out."""

    aggregation: Aggregation
    unit: Unit
    depth: int
    width: int
    stride: int = 1

    def __post_init__(self) -> None:
        check_int("depth", self.depth)
        check_int("width", self.width)
        check_int("stride", self.stride)
        if isinstance(self.aggregation, Hierarchical) and (
            self.depth < 2 or self.depth & (self.depth - 1)
        ):
            below = 1 << (max(self.depth, 2).bit_length() - 1)
            use = f"use {below} or {2 * below}" if self.depth > 2 else "use 2"
            raise SpecError(
                "depth must be a power of two of at least 2 in a hierarchical block, "
                f"whose units are the leaves of a binary tree; got {self.depth}; {use}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """A network for ``(channels, height, width)`` images of ``num_classes`` classes.

    Two architectures are equal when their trees are; ``genes`` are the choices of the
    search space they were decoded from, if any, and no part of their identity.
    """

    input_shape: tuple[int, int, int]
    num_classes: int
    stem: Stem
    blocks: tuple[Block, ...]
    genes: Mapping[str, Gene] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.input_shape, tuple) or len(self.input_shape) != 3:
            raise SpecError(
                "input_shape must be (channels, height, width); "
                f"got {shown(self.input_shape)}"
            )
        for name, value in zip(
            ("channels", "height", "width"), self.input_shape, strict=True
        ):
            check_int(f"input_shape ({name})", value)
        check_int("num_classes", self.num_classes, at_least=2)
        if not isinstance(self.blocks, tuple) or not self.blocks:
            raise SpecError(
                "blocks must be a tuple of at least one block; "
                f"got {shown(self.blocks)}"
            )
        self._check_strides()

    def _check_strides(self) -> None:
        places = ["stem", *(f"blocks[{i}]" for i in range(len(self.blocks)))]
        strides = [self.stem.stride, *(block.stride for block in self.blocks)]
        size = self.input_shape[1:]
        for place, stride in zip(places, strides, strict=True):
            if stride > 1 and max(size) == 1:
                c, h, w = self.input_shape
                raise SpecError(
                    f"{place}.stride must be 1, because a {c}x{h}x{w} image is down "
                    f"to 1x1 there; got {stride}; use fewer strides or larger images"
                )
            size = downsampled(size, stride)

    @property
    def resolutions(self) -> tuple[tuple[int, int], ...]:
        """The (height, width) after the stem and after every block."""
        size = downsampled(self.input_shape[1:], self.stem.stride)
        sizes = [size]
        for block in self.blocks:
            size = downsampled(size, block.stride)
            sizes.append(size)
        return tuple(sizes)


def downsampled(size: tuple[int, int], stride: int) -> tuple[int, int]:
    """Return the (height, width) behind a stride: every layer here rounds up."""
    height, width = size
    return -(-height // stride), -(-width // stride)
