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
def blocks(draw, *, max_depth: int = 8, max_width: int = 64, stride: int = 1):
    aggregation = draw(aggregations(max_width))
    if isinstance(aggregation, Hierarchical):
        depth = draw(st.sampled_from([d for d in (2, 4, 8) if d <= max_depth]))
    else:
        depth = draw(st.integers(1, max_depth))
    return Block(
        aggregation=aggregation,
        unit=draw(units),
        depth=depth,
        width=draw(widths(max_width)),
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
    channels, *size = draw(st.tuples(st.integers(1, 4), side, side))

    def stride() -> int:
        nonlocal size
        chosen = 1 if max(size) == 1 else draw(st.sampled_from([1, 1, 2, 3]))
        size = downsampled(tuple(size), chosen)
        return chosen

    input_shape = (channels, *size)
    stem = Stem(width=draw(widths(max_width)), kernel=draw(kernels), stride=stride())
    number = draw(st.integers(1, max_blocks))
    return Architecture(
        input_shape=input_shape,
        num_classes=draw(st.integers(2, 12)),
        stem=stem,
        blocks=tuple(
            draw(
                blocks(
                    max_depth=max_depth,
                    max_width=max_width,
                    stride=stride(),
                )
            )
            for _ in range(number)
        ),
        genes=draw(genes),
    )


def small_architectures():
    """Architectures that a CPU trains in milliseconds."""
    return architectures(max_blocks=2, max_depth=4, max_width=6, max_image=9)
