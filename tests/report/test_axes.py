from hypothesis import given
from hypothesis import strategies as st

from nas.report.axes import accuracy_limits, size_limits, size_ticks

sizes = st.lists(st.integers(1, 10**9), min_size=1, max_size=20)


@given(sizes)
def test_every_size_is_inside_and_some_ticks_are(sizes):
    low, high = size_limits(sizes, None)
    assert low < min(sizes) <= max(sizes) < high
    ticks = size_ticks(low, high)
    assert 1 <= len(ticks) <= 10
    assert all(low <= tick <= high for tick in ticks)
    assert list(ticks) == sorted(set(ticks))


def test_ticks_are_round_numbers():
    assert size_ticks(1800, 110_000) == (2000, 5000, 10_000, 20_000, 50_000, 100_000)
    assert size_ticks(4000, 11_000) == (4000, 5000, 6000, 8000, 10_000)


def test_a_near_budget_is_shown_and_a_far_one_is_not():
    assert size_limits([1000, 9000], 30_000)[1] > 30_000
    assert size_limits([1000, 9000], 40_000)[1] < 20_000


def test_hopeless_trials_do_not_squeeze_the_front():
    low, high = accuracy_limits([0.1, 0.9, 0.94, 0.98], worst=0.9)
    assert 0.85 < low < 0.9
    assert 0.98 < high < 1.0


def test_one_accuracy_still_makes_an_axis():
    low, high = accuracy_limits([1.0], worst=1.0)
    assert low < 1.0 < high
    assert accuracy_limits([0.0], worst=0.0)[0] == 0.0
