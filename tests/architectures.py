"""Hypothesis strategies for random architectures."""

from hypothesis import strategies as st

from nas.arch import (
    Architecture,
    Basic,
    Block,
    Bottleneck,
    Concat,
    Hierarchical,
    Separable,
    Stem,
    Sum,
    downsampled,
)

kernels = st.sampled_from([1, 3, 5, 7])

units = st.one_of(
    st.builds(Basic, kernel=kernels),
    st.builds(Separable, kernel=kernels),
    st.builds(Bottleneck, kernel=kernels, ratio=st.floats(0.01, 4.0)),
)

genes = st.none() | st.dictionaries(
    st.text(min_size=1, max_size=8),
    st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=8) | st.booleans(),
    max_size=3,
)


def widths(max_width: int) -> st.SearchStrategy[int]:
    return st.integers(1, max_width)


def aggregations(max_width: int = 64) -> st.SearchStrategy[Sum | Concat | Hierarchical]:
    return st.one_of(
        st.just(Sum()),
        st.builds(Concat, growth=widths(max_width)),
        st.builds(Hierarchical, residual_root=st.booleans(), carry_input=st.booleans()),
    )


@st.composite
def blocks(draw, *, w_in: int, stride: int, max_depth: int, max_width: int):
    aggregation = draw(aggregations(max_width))
    if isinstance(aggregation, Hierarchical):
        depth = draw(st.sampled_from([d for d in (2, 4, 8) if d <= max_depth]))
    else:
        depth = draw(st.integers(1, max_depth))
    return Block(
        aggregation=aggregation,
        unit=draw(units),
        depth=depth,
        # Blocks that keep the width take other paths: no shortcut is fitted.
        width=draw(st.just(w_in) | widths(max_width)),
        stride=stride,
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
    """Any architecture: each unit and aggregation, odd and oblong images."""
    side = st.integers(1, max_image)
    input_shape = draw(st.tuples(st.integers(1, 4), side, side))
    size = input_shape[1:]
    strides = []
    for _ in range(draw(st.integers(2, max_blocks + 1))):
        choices = [1, 1, 2, 3] if max(size) > 1 else [1]
        strides.append(draw(st.sampled_from(choices)))
        size = downsampled(size, strides[-1])
    stem = Stem(width=draw(widths(max_width)), kernel=draw(kernels), stride=strides[0])
    row: list[Block] = []
    for stride in strides[1:]:
        w_in = row[-1].width if row else stem.width
        strategy = blocks(
            w_in=w_in, stride=stride, max_depth=max_depth, max_width=max_width
        )
        row.append(draw(strategy))
    return Architecture(
        input_shape=input_shape,
        num_classes=draw(st.integers(2, 12)),
        stem=stem,
        blocks=tuple(row),
        genes=draw(genes),
    )


def small_architectures():
    """Architectures that a CPU trains in milliseconds."""
    return architectures(max_blocks=2, max_depth=4, max_width=6, max_image=9)
