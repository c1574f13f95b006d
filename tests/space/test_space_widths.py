"""The width solver by itself, on sizes that are simpler than a network's."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from nas.errors import DoesNotFit
from nas.space.widths import solve

relatives = st.lists(
    st.sampled_from([0.25, 0.5, 0.75, 1, 1.5, 2, 3, 10]), min_size=1, max_size=6
).map(tuple)
targets = st.integers(1, 200_000)
steps = st.sampled_from([1, 2, 4, 8])


def products(widths: tuple[int, ...]) -> int:
    """Grows with every width, as a chain of 1 x 1 convolutions does."""
    total, w_in = 0, 3
    for width in widths:
        total += w_in * width + 2 * width
        w_in = width
    return total + 10 * w_in


def with_projections(widths: tuple[int, ...]) -> int:
    """Not quite monotone: equal neighbours save a projection."""
    total, w_in = 0, 3
    for width in widths:
        total += w_in * width + (3 * w_in * width if w_in != width else 0)
        w_in = width
    return total


@pytest.mark.parametrize("size_of", [products, with_projections])
@given(relative=relatives, target=targets, step=steps, least=st.integers(1, 4))
# Where the first widths under the target are not those under their own size.
@example(relative=(1, 0.75), target=224, step=4, least=1)
@example(relative=(2, 1, 2, 1.5, 1.5), target=563, step=4, least=1)
def test_under_the_target_in_steps_and_stable(size_of, relative, target, step, least):
    minimum = least * step
    smallest = size_of((minimum,) * len(relative))
    if smallest > target:
        with pytest.raises(
            DoesNotFit, match=f"{smallest:,} .*over its target of {target:,}"
        ):
            solve(relative, target, size_of, step=step, minimum=minimum)
        return
    widths = solve(relative, target, size_of, step=step, minimum=minimum)

    assert len(widths) == len(relative)
    assert all(width >= minimum and width % step == 0 for width in widths)
    reached = size_of(widths)
    assert reached <= target
    assume(reached >= smallest)  # a width that spares the projection of the image
    again = solve(relative, reached, size_of, step=step, minimum=minimum)
    assert again == widths


@given(relative=relatives, target=targets, step=steps)
def test_the_widths_cannot_all_take_another_step(relative, target, step):
    assume(products((step,) * len(relative)) <= target)
    widths = solve(relative, target, products, step=step, minimum=step)
    assert products(tuple(width + step for width in widths)) > target


@given(relative=relatives, target=st.integers(500, 100_000))
def test_a_larger_target_never_gives_a_much_smaller_network(relative, target):
    assume(products((1,) * len(relative)) <= target)
    small = products(solve(relative, target, products, step=1, minimum=1))
    large = products(solve(relative, 2 * target, products, step=1, minimum=1))
    assert large > small


def test_proportions_are_kept():
    # 4 * 10 + 2 * 4 ... a target that a multiplier of 10 meets exactly.
    target = products((10, 20, 40))
    assert solve((1, 2, 4), target, products, step=1, minimum=1) == (10, 20, 40)
    assert solve((0.5, 1, 2), target, products, step=1, minimum=1) == (10, 20, 40)


def test_one_part_fills_its_target():
    assert solve((0.3,), 1000, sum, step=8, minimum=8) == (1000,)
    assert solve((0.3,), 999, sum, step=8, minimum=8) == (992,)


def test_proportions_beyond_what_the_minimum_allows():
    widths = solve((0.001, 1000), 10_000, products, step=4, minimum=8)
    assert products(widths) <= 10_000
    assert widths[0] < widths[1]


def test_a_dip_in_size_is_no_trap():
    def dipping(widths: tuple[int, ...]) -> int:
        (width,) = widths
        return 100 * width if width % 7 else 10 * width

    for target in range(100, 5000, 37):
        widths = solve((1.0,), target, dipping, step=1, minimum=1)
        assert dipping(widths) <= target
