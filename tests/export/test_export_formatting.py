"""Formatted source means what it should, in a form that ruff leaves alone."""

import ast
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.export.formatting import (
    LINE,
    Apply,
    Name,
    docstring,
    paragraph,
    plain,
    statement,
    table,
)
from nas.export.imports import Import, import_block

# Quotes, backslashes and line ends more often than chance would have them.
texts = st.text(st.sampled_from("'\"\\\n{%a ") | st.characters(), max_size=250)
floats = st.floats(allow_nan=False, allow_infinity=False, width=32)
values = st.recursive(
    texts | st.integers() | floats | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=6) | st.lists(inner, max_size=6).map(tuple),
    max_leaves=12,
)


def ruff(text: str, *args: str) -> str:
    """What ruff makes of a text; an error when it objects."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *args, "--isolated", "--no-cache", "-"],
        input=text.encode(),
        capture_output=True,
    )
    assert done.returncode == 0, done.stdout.decode()
    return done.stdout.decode()


@given(values)
def test_a_value_is_written_as_itself_in_ascii(value):
    text = statement("value", value)
    assert text.isascii()
    assert ast.literal_eval(text.removeprefix("value = ")) == value


@settings(max_examples=12)
@given(st.lists(values, min_size=10, max_size=30))
def test_ruff_leaves_values_as_they_are(many):
    lines = [f"{statement(f'v{i}', v, indent=4)}\n" for i, v in enumerate(many)]
    text = "if True:\n" + "".join(lines)
    assert ruff(text, "format") == text


@settings(max_examples=12)
@given(st.lists(texts, min_size=10, max_size=30))
def test_no_text_gets_out_of_a_docstring(many):
    rows = {f"row {i}": plain(text) for i, text in enumerate(many)}
    text = docstring(["Rows.", table(rows | {"last": "row"})])
    assert len(ast.parse(text).body) == 1
    assert text.isascii()
    assert max(map(len, text.split("\n"))) <= LINE
    assert ruff(text + "\n", "format") == text + "\n"


def test_plain_keeps_a_text_readable():
    assert plain('C:\\runs "a"\n\u0436') == "C:\\runs 'a'\\n\\u0436"


def test_a_call_breaks_one_argument_a_line_and_only_when_it_must():
    call = Apply("Block", (12, 16), {"unit": Apply("partial", (Name("Basic"),))})
    assert statement("x", call) == "x = Block(12, 16, unit=partial(Basic))"
    wide = statement("x", Apply("Block", (12, 16), {"unit": Name("u" * 70)}))
    assert wide == f"x = Block(\n    12,\n    16,\n    unit={'u' * 70},\n)"


@pytest.mark.parametrize("spare", [-1, 0, 1])
def test_a_line_may_be_full_but_not_longer(spare):
    text = statement("x", [Name("n" * (LINE - len("x = [, m]") - spare)), Name("m")])
    assert ("\n" in text) == (spare < 0)
    assert ruff(text + "\n", "format") == text + "\n"


def test_imports_stand_as_isort_has_them():
    names = ["nn", "Tensor", "cat", "FloatTensor", "SymInt", "einsum", "bmm", "clamp"]
    names += ["broadcast_tensors", "channels_last", "PRIVATE_OPS"]
    block = import_block(
        [
            Import("torch"),
            *(Import("torch", name) for name in names),
            Import("torch.nn", "functional", "F"),
            Import("torch.nn", "Module"),
            Import("torch.nn.functional", None, "functional"),
            Import("__future__", "annotations"),
            Import("sys"),
            Import("json"),
            Import("functools", "partial"),
            Import("collections.abc", "Callable"),
        ]
    )
    assert block.startswith("from __future__ import annotations\n\nimport json\n")
    assert ruff(block + "\n", "check", "--select", "I") == "All checks passed!\n"
    assert ruff(block + "\n", "format") == block + "\n"


def test_a_paragraph_is_wrapped_to_the_line():
    assert max(map(len, paragraph("word " * 100).split("\n"))) <= LINE
