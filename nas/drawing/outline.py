"""An architecture part by part: what each does, its widths, its cost."""

from dataclasses import dataclass

from nas.arch import Architecture
from nas.drawing.describe import (
    describe_aux,
    describe_block,
    describe_fusion,
    describe_head,
    describe_stem,
)
from nas.nn.cost import Cost, cost, needs_closing


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The stem, a block, the fusion or a head of a network.

    ``resolution`` is the (height, width) of what it gives, ``share`` its part of all
    parameters, in [0, 1].
    """

    name: str
    description: str
    w_in: int
    w_out: int
    resolution: tuple[int, int]
    params: int
    macs: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A network's parts in the order data takes through them, and what they cost.

    The auxiliary heads (``aux``) are there in training only: they are no part of the
    sums, and their ``share`` is 0.
    """

    parts: tuple[Part, ...]
    aux: tuple[Part, ...]
    params: int
    macs: int


def outline(architecture: Architecture) -> Outline:
    """Return an architecture's parts with the exact cost of each."""
    costs = cost(architecture)
    total = costs.total
    widths, sizes = architecture.widths, architecture.resolutions
    classes = architecture.num_classes

    def part(
        name: str,
        description: str,
        w_in: int,
        w_out: int,
        resolution: tuple[int, int],
        spent: Cost,
        share: float | None = None,
    ) -> Part:
        return Part(
            name=name,
            description=description,
            w_in=w_in,
            w_out=w_out,
            resolution=resolution,
            params=spent.params,
            macs=spent.macs,
            share=spent.params / total.params if share is None else share,
        )

    channels, stem = architecture.input_shape[0], describe_stem(architecture)
    parts = [part("stem", stem, channels, widths[0], sizes[0], costs.stem)]
    for i, block in enumerate(architecture.blocks):
        text = describe_block(block, widths[i])
        if needs_closing(architecture, i):
            text += ", closing norm"
        at = widths[i], widths[i + 1], sizes[i + 1]
        parts.append(part(f"block {i + 1}", text, *at, costs.blocks[i]))
    width = widths[-1]
    fusion = describe_fusion(architecture)
    if fusion is not None:
        joined, size = width, sizes[-1]
        if architecture.fusion == "concat":
            joined = sum(widths[i + 1] for i in architecture.stage_ends)
            size = (1, 1)
        parts.append(part("fusion", fusion, width, joined, size, costs.fusion))
        width = joined
    head = describe_head(architecture)
    parts.append(part("head", head, width, classes, (1, 1), costs.head))
    aux = tuple(
        part(
            f"aux {i + 1}",
            describe_aux(spec),
            widths[spec.after + 1],
            classes,
            (1, 1),
            costs.aux[i],
            share=0.0,
        )
        for i, spec in enumerate(architecture.aux)
    )
    return Outline(parts=tuple(parts), aux=aux, params=total.params, macs=total.macs)
