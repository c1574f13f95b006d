"""The spec tree of a network: stem, blocks, fusion and heads, frozen and valid."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from nas.arch.block import Block, Size, StemConv, StemLayer
from nas.arch.checks import check_int, check_number
from nas.errors import SpecError, shown, unknown

Gene = int | float | str | bool

FUSIONS: Final = ("last", "concat", "hierarchical")
ACTIVATIONS: Final = (
    "relu",
    "leaky_relu",
    "elu",
    "gelu",
    "silu",
    "mish",
    "hardswish",
)
NORMS: Final = ("batch", "layer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Norm:
    """Normalisation: over the "batch", or over each image's "layer"."""

    kind: str = "batch"
    eps: float = 1e-5

    def __post_init__(self) -> None:
        if self.kind not in NORMS:
            raise SpecError(f"kind: {unknown('normalisation', self.kind, NORMS)}")
        check_number("eps", self.eps, above=0.0, at_most=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuxHead:
    """A classifier on the output of block ``after``, which is there in training only.

    Its loss counts ``weight`` times (Lee et al. 2015; Szegedy et al. 2015). Features
    are pooled to ``pool`` x ``pool`` positions, a 1 x 1 convolution to ``width``
    channels and a hidden layer of ``hidden`` with dropout follow where they are not 0.
    """

    after: int
    weight: float = 0.3
    pool: int = 1
    width: int = 0
    hidden: int = 0
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_int("after", self.after, at_least=0)
        check_number("weight", self.weight, above=0.0, at_most=10.0)
        check_int("pool", self.pool)
        check_int("width", self.width, at_least=0)
        check_int("hidden", self.hidden, at_least=0)
        check_dropout(self.dropout)


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A network for ``(channels, height, width)`` images of ``num_classes`` classes.

    ``fusion`` says how the outputs of the stages reach the head: "last" is the last
    one alone, "concat" pools and concatenates them all, "hierarchical" merges them one
    by one (iterative deep aggregation, Yu et al. 2018). ``dropout`` is the head's.

    Two architectures are equal when their trees are; ``genes`` are the choices of the
    search space they were decoded from, if any, and no part of their identity. Where a
    space holds recipes too, those choices are among them.
    """

    input_shape: tuple[int, int, int]
    num_classes: int
    stem: tuple[StemLayer, ...]
    blocks: tuple[Block, ...]
    fusion: str = "last"
    aux: tuple[AuxHead, ...] = ()
    activation: str = "relu"
    norm: Norm = field(default_factory=Norm)
    dropout: float = 0.0
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
        for name in ("stem", "blocks"):
            parts = getattr(self, name)
            if not isinstance(parts, tuple) or not parts:
                raise SpecError(
                    f"{name} must be a tuple of at least one part; got {shown(parts)}"
                )
        if not isinstance(self.aux, tuple):
            raise SpecError(f"aux must be a tuple of heads; got {shown(self.aux)}")
        if not isinstance(self.stem[0], StemConv):
            raise SpecError("stem[0] must be a convolution; got pooling; put one ahead")
        for name, choice, known in (
            ("fusion", self.fusion, FUSIONS),
            ("activation", self.activation, ACTIVATIONS),
        ):
            if choice not in known:
                raise SpecError(f"{name}: {unknown(name, choice, known)}")
        check_dropout(self.dropout)
        self._check_shapes()
        self._check_aux()

    @cached_property
    def resolutions(self) -> tuple[Size, ...]:
        """The (height, width) after the stem and after every block."""
        size = self.input_shape[1:]
        for layer in self.stem:
            size = layer.size(size)
        sizes = [size]
        for block in self.blocks:
            size = block.size(size)
            sizes.append(size)
        return tuple(sizes)

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """The channels after the stem and after every block."""
        stem = [layer.width for layer in self.stem if isinstance(layer, StemConv)]
        return (stem[-1], *(block.width for block in self.blocks))

    @cached_property
    def stage_ends(self) -> tuple[int, ...]:
        """The index of the last block of each stage, that is, of each resolution."""
        last = len(self.blocks) - 1
        return tuple(
            i
            for i in range(len(self.blocks))
            if i == last or self.blocks[i + 1].stride > 1 or self.blocks[i + 1].pool
        )

    def _check_shapes(self) -> None:
        size = self.input_shape[1:]
        for i, layer in enumerate(self.stem):
            size = self._checked_size(f"stem[{i}]", layer, size)
        width = self.widths[0]
        for i, block in enumerate(self.blocks):
            size = self._checked_size(f"blocks[{i}]", block, size)
            try:
                block.check_widths(width)
            except SpecError as error:
                raise error.at(f"blocks[{i}]") from None
            width = block.width

    def _checked_size(self, where: str, part: StemLayer | Block, size: Size) -> Size:
        pool = part.pool if isinstance(part, Block) else None
        stride = part.stride if pool is None else pool.stride
        if stride > 1 and max(size) == 1:
            name = f"{where}.stride" if pool is None else f"{where}.pool.stride"
            c, h, w = self.input_shape
            raise SpecError(
                f"{name} must be 1, because a {c}x{h}x{w} image is down to 1x1 there; "
                f"got {stride}; use fewer strides or larger images"
            )
        try:
            return part.size(size)
        except SpecError as error:
            raise error.at(where if pool is None else f"{where}.pool") from None

    def _check_aux(self) -> None:
        last = len(self.blocks) - 1
        for i, head in enumerate(self.aux):
            if head.after > last:
                raise SpecError(
                    f"aux[{i}].after must be the index of a block, 0 to {last}; "
                    f"got {head.after}"
                )


def check_dropout(value: object) -> None:
    """Refuse anything but a probability below 1."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 0 <= value < 1
    ):
        raise SpecError(f"dropout must be at least 0 and below 1; got {shown(value)}")
