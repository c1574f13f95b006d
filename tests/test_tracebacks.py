from nas.errors import traceback_of


def raised(text: str) -> Exception:
    try:
        try:
            {}["missing"]
        except KeyError as error:
            raise ValueError(text) from error
    except ValueError as error:
        return error


def test_it_says_where_and_from_what_an_error_came() -> None:
    text = traceback_of(raised("no such thing"))
    assert text.startswith("Traceback (most recent call last)")
    assert "in raised" in text
    assert "KeyError: 'missing'" in text
    assert text.endswith("ValueError: no such thing")


def test_a_long_one_keeps_both_ends() -> None:
    text = traceback_of(raised("x" * 1_000_000 + " the end"))
    assert len(text) < 20_100
    assert text.startswith("Traceback (most recent call last)")
    assert "KeyError: 'missing'" in text
    assert text.endswith("x the end")
