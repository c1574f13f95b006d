import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.drawing.lettering import cut, plain_text, text_width, wrapped


@pytest.mark.parametrize("bold", [False, True])
def test_no_letter_is_wider_than_said(bold):
    """Measured in the font that PNG files have."""
    from matplotlib import get_data_path
    from PIL.ImageFont import Layout, truetype

    file = f"{get_data_path()}/fonts/ttf/DejaVuSans{'-Bold' if bold else ''}.ttf"
    font = truetype(file, 1000, layout_engine=Layout.BASIC)
    for letter in [*string.ascii_letters, *string.digits, *string.punctuation, "→…"]:
        assert font.getlength(letter) <= text_width(letter, 1000, bold=bold), letter


@given(st.text(max_size=80), st.floats(20, 400))
def test_a_cut_text_fits(text, width):
    short = cut(text, 12, width)
    assert text_width(short, 12) <= width
    assert text.startswith(short.removesuffix("…"))


@given(st.lists(st.text("abcW", min_size=1, max_size=20)), st.integers(1, 4))
def test_wrapped_lines_fit_and_hold_what_they_can(words, most):
    text = " ".join(words)
    lines = wrapped(text, 12, 100, most)
    assert 1 <= len(lines) <= most
    assert all(text_width(line, 12) <= 100 for line in lines)
    if not any(line.endswith("…") for line in lines):
        assert " ".join(lines) == text
    elif len(lines) == 1:
        assert text_width(text, 12) > 100


def test_lines_are_about_as_long_as_each_other():
    text = "concat of 16 x preact bottleneck 3x3, grows 24 → 216, compressed to 108"
    width = text_width(text, 12) - 1  # a single word too long
    one, other = wrapped(text, 12, width, 3)
    assert text_width(other, 12) > 0.7 * text_width(one, 12)


@given(st.text())
def test_a_plain_text_is_one_line_of_what_can_be_seen(text):
    plain = plain_text(text)
    assert all(c.isprintable() for c in plain)
