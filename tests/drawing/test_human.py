import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.drawing import compact, human

SCALES = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.00 k"),
        (30_000, "30.0 k"),
        (123_456, "123 k"),
        (999_499, "999 k"),
        (999_999, "1.00 M"),
        (1_234_567, "1.23 M"),
        (5 * 10**15, "5000 T"),
    ],
)
def test_three_digits_and_a_prefix(n, text):
    assert human(n) == text


@given(st.integers(1000, 10**15 - 10**13))
def test_what_people_read_is_within_half_a_percent(n):
    digits, prefix = human(n).split()
    assert len(digits.replace(".", "")) == 3
    assert float(digits) * SCALES[prefix] == pytest.approx(n, rel=0.00501)


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1k"),
        (12_500, "12.5k"),
        (12_345, "12,345"),
        (30_000, "30k"),
        (1_500_000, "1.5M"),
        (1_250_000, "1250k"),
        (10**12, "1T"),
    ],
)
def test_compact_is_exact(n, text):
    assert compact(n) == text
