"""Hypothesis strategies for random architectures: every gene, valid by construction."""

from dataclasses import replace

from hypothesis import strategies as st

from nas.arch import (
    ACTIVATIONS,
    FUSIONS,
    Architecture,
    AuxHead,
    Basic,
    Block,
    Bottleneck,
    Chain,
    Concat,
    Conv,
    Hierarchical,
    Inception,
    Inverted,
    Norm,
    Pool,
    PreactBasic,
    PreactBottleneck,
    Separable,
    StemConv,
    Sum,
)

kernels = st.sampled_from([1, 3, 5, 7])
ratios = st.floats(0.01, 4.0)
proportions = st.integers(1, 9)

units = st.one_of(
    *(
        st.builds(unit, kernel=kernels)
        for unit in (Conv, Basic, PreactBasic, Separable)
    ),
    *(
        st.builds(unit, kernel=kernels, ratio=ratios)
        for unit in (Bottleneck, PreactBottleneck)
    ),
    st.builds(Inverted, kernel=kernels, expansion=ratios, squeeze=st.just(0) | ratios),
    st.builds(
        Inception,
        kernel=kernels,
        **dict.fromkeys(Inception.relative, proportions),
    ),
)

norms = st.builds(Norm, kind=st.just("batch"), eps=st.sampled_from([1e-5, 1e-3]))

genes = st.none() | st.dictionaries(
    st.text(min_size=1, max_size=8),
    st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=8) | st.booleans(),
    max_size=3,
)


def strides(size: tuple[int, int]) -> st.SearchStrategy[int]:
    return st.sampled_from([1, 1, 2, 3] if max(size) > 1 else [1])


@st.composite
def pools(draw, size: tuple[int, int]):
    stride = draw(strides(size))
    padded = draw(st.booleans())
    # A window may reach over the edge as long as its stride does.
    reach = min(size) + stride - 1
    return Pool(
        type=draw(st.sampled_from(["max", "avg"])),
        kernel=draw(st.sampled_from([1, 3, 5]) if padded else st.integers(1, reach)),
        stride=stride,
        padded=padded,
    )


@st.composite
def stems(draw, *, size: tuple[int, int], max_width: int):
    layers = []
    for i in range(draw(st.integers(1, 3))):
        layer = StemConv(
            width=draw(st.integers(1, max_width)),
            kernel=draw(kernels),
            stride=draw(strides(size)),
            norm=draw(st.booleans()),
        )
        if i and draw(st.booleans()):
            layer = draw(pools(size))
        layers.append(layer)
        size = layer.size(size)
    return tuple(layers)


def aggregations(
    max_width: int = 64, least: int = 1
) -> st.SearchStrategy[Chain | Sum | Concat | Hierarchical]:
    """Any aggregation; ``least`` is the smallest width that its unit can have."""
    return st.one_of(
        st.just(Chain()),
        st.builds(
            Sum,
            shortcut=st.sampled_from(["conv", "pad"]),
            gain=st.sampled_from([0, 0.1, 1.0]),
        ),
        st.builds(Concat, growth=st.integers(least, max_width), compress=st.booleans()),
        st.builds(Hierarchical, residual_root=st.booleans(), carry_input=st.booleans()),
    )


@st.composite
def blocks(
    draw, *, w_in: int, size: tuple[int, int], max_depth: int, max_width: int
) -> Block:
    """A block of any kind behind ``w_in`` channels at a resolution."""
    unit = draw(units)
    least = 4 if isinstance(unit, Inception) else 1
    aggregation = draw(aggregations(max_width, least))
    depths = st.integers(1, max_depth)
    if isinstance(aggregation, Hierarchical):
        depths = st.sampled_from([d for d in (2, 4, 8) if d <= max_depth])
    depth = draw(depths)
    # Blocks that keep the width take other paths: no shortcut is fitted.
    width = max(least, draw(st.just(w_in) | st.integers(1, max_width)))
    match aggregation:
        case Sum(shortcut=shortcut):
            width = max(width, w_in) if shortcut == "pad" else width
            if unit.preact or isinstance(unit, Inception):
                aggregation = replace(aggregation, gain=1.0)
        case Concat(growth=growth, compress=False):
            width = w_in + depth * growth
    if isinstance(unit, Bottleneck):
        w_unit = aggregation.growth if isinstance(aggregation, Concat) else width
        hidden = unit.derived(w_unit, w_unit)["hidden"]
        groups = [n for n in (1, 1, 2, 3, 4, 8) if hidden % n == 0]
        unit = replace(unit, groups=draw(st.sampled_from(groups)))
    pool = draw(pools(size)) if draw(st.integers(0, 3)) == 0 else None
    return Block(
        aggregation=aggregation,
        unit=unit,
        depth=depth,
        width=width,
        stride=1 if pool else draw(strides(size)),
        pool=pool,
    )


def aux_heads(num_blocks: int) -> st.SearchStrategy[AuxHead]:
    return st.builds(
        AuxHead,
        after=st.integers(0, num_blocks - 1),
        weight=st.sampled_from([0.3, 1.0, 2]),
        pool=st.integers(1, 3),
        width=st.sampled_from([0, 2, 5]),
        hidden=st.sampled_from([0, 1, 6]),
        dropout=st.sampled_from([0, 0.5]),
    )


@st.composite
def architectures(
    draw,
    *,
    max_blocks: int = 3,
    max_depth: int = 8,
    max_width: int = 64,
    max_image: int = 17,
):
    """Any architecture: every gene at any value, odd and oblong images."""
    side = st.integers(1, max_image)
    input_shape = draw(st.tuples(st.integers(1, 4), side, side))
    stem = draw(stems(size=input_shape[1:], max_width=max_width))
    plain = Architecture(
        input_shape=input_shape,
        num_classes=draw(st.integers(2, 12)),
        stem=stem,
        blocks=(Block(aggregation=Chain(), unit=Conv(), depth=1, width=1),),
    )
    size, w_in = plain.resolutions[0], plain.widths[0]
    row: list[Block] = []
    for _ in range(draw(st.integers(1, max_blocks))):
        block = draw(
            blocks(w_in=w_in, size=size, max_depth=max_depth, max_width=max_width)
        )
        row.append(block)
        size, w_in = block.size(size), block.width
    normal = norms
    if max(size) > 1:  # torch refuses to normalise a single value
        normal |= st.builds(Norm, kind=st.just("layer"))
    return replace(
        plain,
        blocks=tuple(row),
        fusion=draw(st.sampled_from(FUSIONS)),
        aux=tuple(draw(st.lists(aux_heads(len(row)), max_size=2))),
        activation=draw(st.sampled_from(ACTIVATIONS)),
        norm=draw(normal),
        dropout=draw(st.sampled_from([0, 0.0, 0.2])),
        genes=draw(genes),
    )


def small_architectures():
    """Architectures that a CPU trains in milliseconds."""
    return architectures(max_blocks=3, max_depth=4, max_width=6, max_image=9)
