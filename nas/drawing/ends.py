"""A network's stem, fusion and head as drawings."""

from nas.arch import Architecture, StemConv, StemLayer
from nas.drawing.glyph import (
    Glyph,
    flow,
    funnel,
    funnel_width,
    stride_label,
)
from nas.drawing.grain import Grain
from nas.drawing.palette import GREY, INK, WHITE, tint
from nas.drawing.shapes import Path, Shape, Text, joined, rectangle


def stem_glyph(architecture: Architecture, room: float, grain: Grain) -> Glyph:
    """Return the image and what the stem does to it, layer by layer."""
    side = 0.8 * grain.unit_height
    shift = 0.12 * side
    sheets = min(architecture.input_shape[0], 3)
    images = [
        rectangle(i * shift, (i - (sheets - 1) / 2) * shift - side / 2, side, side)
        for i in reversed(range(sheets))
    ]
    layers = architecture.stem
    start = side + (sheets - 1) * shift + 0.6 * grain.gap
    pitch = min(0.5 * grain.unit_width + 0.6 * grain.gap, (room - start) / len(layers))
    shapes: list[Shape] = []
    x = start
    for layer in layers:
        shapes += _layer(layer, x, grain)
        x += pitch
    end = x, 0.0
    return Glyph(
        shapes=(
            flow((side, 0), end, grain=grain),
            Path(steps=joined(images), fill=tint(GREY, 0.12), stroke=GREY, width=0.8),
            *shapes,
        ),
        end=end,
    )


def _layer(layer: StemLayer, x: float, grain: Grain) -> list[Shape]:
    """Return a layer of the stem: a bar for a convolution, a funnel for a pool."""
    shapes: list[Shape] = []
    if not isinstance(layer, StemConv):
        return funnel(x, layer.stride, grain, pool=True)
    width, height = 0.35 * grain.unit_width, grain.unit_height
    bar = rectangle(x, -height / 2, width, height, min(grain.radius, 2))
    shapes.append(Path(steps=bar, fill=tint(INK, 0.62) if grain.detailed else GREY))
    if layer.stride > 1 and grain.detailed:
        shapes.append(stride_label(layer.stride, x + width / 2, -height / 2))
    return shapes


def fusion_glyph(architecture: Architecture, room: float, grain: Grain) -> Glyph:
    """Return the stages side by side, each as long as it is wide.

    Stages that are merged one by one arrive as one.
    """
    start, height = 0.7 * grain.gap, 0.5 * grain.unit_height
    if architecture.fusion == "hierarchical":
        end = start + 2 * grain.unit_width, 0.0
        return Glyph(shapes=(flow((0, 0), end, grain=grain),), end=end)
    widths = [architecture.widths[i + 1] for i in architecture.stage_ends]
    length = min(room - 2 * start, 5 * grain.unit_width)
    least = min(3.0, length / len(widths))
    spare = length - least * len(widths)
    shapes: list[Shape] = []
    x = start
    for i, width in enumerate(widths):
        part = least + spare * width / sum(widths)
        slice_ = rectangle(x, -height / 2, part, height)
        shapes.append(Path(steps=slice_, fill=tint(INK, 0.28 if i % 2 else 0.45)))
        x += part
    end = x + start, 0.0
    return Glyph(shapes=(flow((0, 0), end, grain=grain), *shapes), end=end)


def head_glyph(grain: Grain) -> Glyph:
    """Return the average over all positions and the layer that gives the classes."""
    x = 0.7 * grain.gap
    pool = funnel(x, 1, grain, pool=True)
    linear = x + funnel_width(grain) + 0.5 * grain.gap
    width, height = 0.3 * grain.unit_width, 1.1 * grain.unit_height
    bar = rectangle(linear, -height / 2, width, height, min(grain.radius, 2))
    dots = 5 if grain.detailed else 0
    gap = height / 6
    classes = [
        rectangle(linear + width / 2 - 1.5, (i - 2) * gap - 1.5, 3, 3, 1.5)
        for i in range(dots)
    ]
    end = linear + width + 0.8 * grain.gap, 0.0
    shapes: list[Shape] = [
        flow((0, 0), end, grain=grain),
        *pool,
        Path(steps=bar, fill=tint(INK, 0.62) if grain.detailed else GREY),
    ]
    if classes:
        shapes.append(Path(steps=joined(classes), fill=WHITE))
    return Glyph(shapes=tuple(shapes), end=end)


def aux_glyph(name: str, grain: Grain) -> Glyph:
    """Return a dashed box for heads that are there in training only."""
    label = Text(x=7, y=3.5, text=name, size=10, colour=GREY)
    _, _, right, _ = label.bounds
    frame = rectangle(0, -8, right + 7, 16, grain.radius)
    return Glyph(
        shapes=(
            Path(steps=frame, fill=WHITE, stroke=GREY, width=1.0, dash=(3.0, 2.5)),
            label,
        ),
        end=(right + 7, 0.0),
    )
