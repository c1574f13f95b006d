"""Every mistake in a space's file is told with its place, rule, value and remedy."""

import re
from collections.abc import Callable

import pytest

from nas.arch import Norm, StemConv
from nas.errors import SpaceError
from nas.space import SearchSpace, read_space
from nas.space.domains import Choice, FloatRange, IntRange
from nas.space.space import Part

PLAIN = """\
schema: 1
description: A space with nothing wrong.
widths: solved
multiple_of: 4
min_width: 8
stem: {width: 1, kernel: 3}
block:
  aggregation: {sum: , concat: {growth: 0.5}, hierarchical: {depth: 2}}
  unit: {basic: {kernel: 3}, bottleneck: {ratio: 0.25}}
  depth: [1, 2]
blocks:
  - {width: 1}
  - {width: [1, 2], stride: 2}
"""
ABSOLUTE = """\
schema: 1
widths: absolute
stem: {width: 8}
blocks:
  - {width: 8, aggregation: sum, unit: basic}
"""

# What is replaced, by what ("§" marks where the error is), and what it says.
MISTAKES = {
    "unknown key": ("widths:", "§width:", "unknown key 'width': did you mean 'widths'"),
    "unknown key of the stem": ("kernel: 3}\nb", "§kernal: 3}\nb", "'kernel'"),
    "unknown key of the template": ("  depth:", "  §deep:", "block has an unknown key"),
    "unknown key of a block": ("{width: 1}", "{§with: 1}", "blocks[0]", "'width'"),
    "unknown option of a unit": ("{ratio:", "{§ration:", "did you mean 'ratio'"),
    "unknown option of an aggregation": (
        "{growth: 0.5}",
        "{growth: 0.5, §grow: 1}",
        "block.aggregation.concat has an unknown key 'grow'",
    ),
    "unknown aggregation": (
        "{sum: ,",
        "{summ:§ ,",
        "unknown aggregation 'summ'",
        "sum",
    ),
    "unknown unit": ("{basic: {", "{basics: §{", "unknown unit 'basics'", "'basic'"),
    "unknown unit in a list": (
        "{basic: {kernel: 3}, bottleneck: {ratio: 0.25}}",
        "[basic, §seperable]",
        "unknown unit 'seperable'",
        "'separable'",
    ),
    "unknown kind of range": ("[1, 2]\nb", "{§ints: [1, 2]}\nb", "did you mean 'int'"),
    "duplicate key": ("min_width: 8", "§widths: solved", "'widths' twice", "keep one"),
    "duplicate key inside": ("{width: 1}", "{width: 1, §width: 2}", "'width' twice"),
    "duplicate aggregation": ("{sum: ,", "{sum: , §sum: ,", "'sum' twice"),
    "duplicate option": ("depth: [1, 2]", "depth: [1, §1]", "twice: 1", "keep one"),
    "duplicate option of another type": ("[1, 2], s", "[1, §1.0], s", "twice: 1.0"),
    "duplicate unit in a list": (
        "{basic: {kernel: 3}, bottleneck: {ratio: 0.25}}",
        "[basic, §basic]",
        "twice: 'basic'",
    ),
    "schema from the future": ("schema: 1", "schema: §2", "must be 1; got 2"),
    "schema as text": ("schema: 1", "schema: §'1'", "must be 1; got '1'"),
    "schema as truth": ("schema: 1", "schema: §true", "must be 1; got True"),
    "no schema": ("schema: 1\n", "§", "must have the key 'schema'", "add it"),
    "no stem": ("stem: {width: 1, kernel: 3}\n", "", "must have the key 'stem'"),
    "no widths": ("widths: solved\n", "", "must have the key 'widths'"),
    "unknown widths": ("solved", "§relative", "'solved'", "'absolute'", "'relative'"),
    "blocks that are none": (
        "  - {width: 1}\n  - {width: [1, 2], stride: 2}\n",
        "  §[]\n",
        "blocks must have 1 to 64 blocks; got 0",
    ),
    "blocks as a mapping": (
        "  - {width: 1}\n  - {width: [1, 2], stride: 2}\n",
        "  §first: {width: 1}\n",
        "must be a list; got a mapping",
    ),
    "a block as a number": ("- {width: 1}", "- §3", "must be a mapping; got '3'"),
    "an empty block": ("- {width: 1}", "-§", "must be a mapping; got nothing"),
    "a stem as a list": ("{width: 1, k", "[§1]\n#", "must be a mapping; got '1'"),
    "description as a number": ("A space with nothing wrong.", "§7", "must be text"),
    "even kernel": (
        "kernel: 3}, b",
        "kernel: §4}, b",
        "must be odd; got 4; use 3 or 5",
    ),
    "even kernel in a list": ("kernel: 3}\nb", "kernel: [3, §6]}\nb", "use 5 or 7"),
    "even kernel within a range": (
        "{kernel: 3}, b",
        "{kernel: §{int: [3, 7]}}, b",
        "must be odd; got 4",
    ),
    "even end of a range": ("{kernel: 3}, b", "{kernel: {int: [3, §8]}}, b", "got 8"),
    "kernel between integers": (
        "{kernel: 3}, b",
        "{kernel: {float: [§3, 5]}}, b",
        "must be an integer",
        "got 3.0",
    ),
    "kernel as text": ("kernel: 3}, b", "kernel: §big}, b", "got 'big'"),
    "kernel as truth": ("kernel: 3}, b", "kernel: §true}, b", "got True"),
    "kernel of nothing": ("kernel: 3}, b", "kernel:§ }, b", "must have a value"),
    "no ratio": ("ratio: 0.25", "ratio: §0", "above 0", "got 0"),
    "ratio that is not finite": ("ratio: 0.25", "ratio: §.inf", "must be finite"),
    "depth of an odd tree": (
        "al: {depth: 2}",
        "al: {depth: §3}",
        "power of two",
        "2 or 4",
    ),
    "odd depth for a tree": (
        "hierarchical: {depth: 2}}\n  unit: {basic: {kernel: 3}, "
        "bottleneck: {ratio: 0.25}}\n  depth: [1, 2]",
        "hierarchical: }\n  unit: basic\n  depth: §[2, 3]",
        "power of two",
        "got 3",
        "hierarchical: {depth: [2, 4]}",
    ),
    "no depth at all": ("depth: [1, 2]", "depth: [§0, 2]", "got 0"),
    "depth out of reason": ("depth: [1, 2]", "depth: §1000000000", "from 1 to 256"),
    "range out of reason": (
        "depth: [1, 2]",
        "depth: {int: [1, §1000000000]}",
        "from 1 to 256",
    ),
    "depth between integers": ("depth: [1, 2]", "depth: {float: [§1, 2]}", "got 1.0"),
    "stride between integers": ("stride: 2", "stride: {float: [§1, 2]}", "got 1.0"),
    "negative stride": ("stride: 2", "stride: §-2", "from 1 to", "got -2"),
    "concat without growth": ("{growth: 0.5}", "§{}", "'growth'", "add growth: ..."),
    "concat in a list": (
        "{sum: , concat: {growth: 0.5}, hierarchical: {depth: 2}}",
        "[sum, §concat]",
        "must say the 'growth' of 'concat'",
    ),
    "no aggregation": (
        "  aggregation: {sum: , concat: {growth: 0.5}, hierarchical: {depth: 2}}\n"
        "  unit: {basic: {kernel: 3}, bottleneck: {ratio: 0.25}}\n"
        "  depth: [1, 2]\nblocks:\n  - {width: 1}",
        "  unit: basic\nblocks:\n  - §{width: 1}",
        "blocks[0] must have the key 'aggregation'",
        "add it here or in 'block'",
    ),
    "empty list of units": (
        "{basic: {kernel: 3}, bottleneck: {ratio: 0.25}}",
        "§[]",
        "at least one unit: conv, basic",
    ),
    "unit as a number": (
        "{basic: {kernel: 3}, bottleneck: {ratio: 0.25}}",
        "§3",
        "must be text; got 3",
    ),
    "residual_root as a number": (
        "{sum: ,",
        "{sum: {§residual_root: 1},",
        "block.aggregation.sum has an unknown key 'residual_root'",
    ),
    "truth as a number": (
        "hierarchical: {depth: 2}",
        "hierarchical: {depth: 2, carry_input: §1}",
        "must be true or false; got 1",
    ),
    "empty list of options": ("[1, 2], s", "§[], s", "at least one option"),
    "range of a relative width": ("[1, 2], s", "§{int: [1, 2]}, s", "[0.75, 1, 1.5]"),
    "width below nothing": ("{width: 1}", "{width: §-1}", "must be above 0", "got -1"),
    "width of nothing": ("{width: 1}", "{width: §0.0}", "must be above 0"),
    "width as text": ("{width: 1}", "{width: §wide}", "must be a number; got 'wide'"),
    "width as truth": ("{width: 1}", "{width: §yes}", "must be a number; got True"),
    "width out of reason": ("{width: 1}", "{width: §1e9}", "at most 1000"),
    "a list within a list": ("[1, 2], s", "[1, §[2]], s", "must be a single value"),
    "range reversed": ("[1, 2]\nb", "{int: §[2, 1]}\nb", "low end first", "use [1, 2]"),
    "range of a point": ("[1, 2]\nb", "{int: §[2, 2]}\nb", "low end first"),
    "range of three": ("[1, 2]\nb", "{int: §[1, 2, 3]}\nb", "must be [low, high]"),
    "range of halves": ("[1, 2]\nb", "{int: [§0.5, 2]}\nb", "must be int; got 0.5"),
    "range of two kinds": ("[1, 2]\nb", "§{int: [1, 2], float: [1, 2]}\nb", "range"),
    "range of no kind": ("[1, 2]\nb", "§{log: true}\nb", "must be a range"),
    "range in doubt": (
        "[1, 2]\nb",
        "{int: [1, 2], log: §1}\nb",
        "must be true or false",
    ),
    "steps past the end": (
        "[1, 2]\nb",
        "{int: [1, 4], step: §2}\nb",
        "must divide 4 - 1",
    ),
    "no steps": ("[1, 2]\nb", "{int: [1, 4], step: §0}\nb", "at least 1", "got 0"),
    "steps in a logarithm": (
        "[1, 2]\nb",
        "{int: [1, 3], log: true, step: §2}\nb",
        "without log",
    ),
    "logarithm of nothing": (
        "ratio: 0.25",
        "ratio: {float: [§0, 1], log: true}",
        "above 0 in a logarithmic range",
    ),
    "multiple_of nothing": ("multiple_of: 4", "multiple_of: §0", "at least 1; got 0"),
    "multiple_of a half": ("multiple_of: 4", "multiple_of: §4.0", "got 4.0"),
    "min_width between steps": ("min_width: 8", "min_width: §6", "use 8"),
    "not a number": ("{width: 1}", "{width: §.nan}", "must be finite; got .nan"),
    "infinite": ("{width: 1}", "{width: §-.inf}", "must be finite"),
    "infinite by its exponent": ("{width: 1}", "{width: §1e999}", "must be finite"),
    "a date": ("{width: 1}", "{width: §2001-02-03}", "plain value", "timestamp"),
    "a Python object": (
        "{width: 1}",
        "{width: §!!python/object/apply:os.system [ls]}",
        "got the tag 'tag:yaml.org,2002:python/object/apply:os.system'",
    ),
    "a Python name": ("{width: 1}", "{width: §!!python/name:os.system x}", "tag"),
    "a Python tuple": ("[1, 2], s", "§!!python/tuple [1, 2], s", "tag", "leave it out"),
    "a tag on a mapping": (
        "- {width: 1}",
        "- §!!set {width: 1}",
        "tag",
        "leave it out",
    ),
    "a tag on a key": ("{width: 1}", "{§!!binary width: 1}", "tag"),
    "a merge key": ("{width: 1}", "{§<<: {width: 1}}", "tag"),
    "a list as a key": ("{width: 1}", "{§[1]: 1}", "plain names as keys"),
    "a tab": ("  depth: [1, 2]", "\t§depth: [1, 2]".replace("\t§", "§\t"), "not YAML"),
    "a bracket that stays open": ("stride: 2}\n", "stride: 2\n§", "not YAML"),
    "an unknown anchor": ("{width: 1}", "{width: §*here}", "not YAML", "here"),
    "a second document": ("blocks:", "§---\nblocks:", "not YAML", "another document"),
    "a control character": ("nothing", "noth§\x07ing", "not YAML", "not allowed"),
    "something after the end": ("schema: 1", "schema: 'a' §b", "not YAML"),
}


def place_of(text: str) -> tuple[str, str]:
    """Return the text without its mark, and where that was as 'line:column'."""
    before, mark, after = text.partition("§")
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    return before + after, f"{line}:{column}" if mark else "1:1"


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_where_it_is(read, tmp_path, mistake):
    old, new, *fragments = MISTAKES[mistake]
    assert PLAIN.count(old) == 1, "the mistake must be made in one place"
    text, place = place_of(PLAIN.replace(old, new))
    with pytest.raises(SpaceError) as raised:
        read(text)
    message = str(raised.value)
    assert message.startswith(f"{tmp_path}/space.yaml:{place}: "), message
    assert "\n" not in message
    for fragment in fragments:
        assert fragment in message


def test_nothing_is_wrong_with_the_text_that_mistakes_are_made_in(read):
    assert read(PLAIN).description == "A space with nothing wrong."
    assert not read(ABSOLUTE).solved


@pytest.mark.parametrize(
    ("old", "new", "fragment"),
    [
        ("{width: 8}\n", "§{kernel: 3}\n", "must say the 'width' of 'conv'"),
        ("- {width: 8, ", "- §{", "must say its width in channels; add width: ..."),
        (
            "{width: 8, ",
            "{width: §0.5, ",
            "must be an integer from 1 to 65,536; got 0.5",
        ),
        ("{width: 8, ", "{width: {float: [§8, 16]}, ", "got 8.0"),
        ("{width: 8, ", "{width: {int: [8, §1000000]}, ", "got 1000000"),
        ("aggregation: sum", "aggregation: {concat: {growth: §0.5}}", "got 0.5"),
    ],
)
def test_a_mistake_in_channels(read, tmp_path, old, new, fragment):
    text, place = place_of(ABSOLUTE.replace(old, new))
    with pytest.raises(SpaceError, match=re.escape(fragment)) as raised:
        read(text)
    assert str(raised.value).startswith(f"{tmp_path}/space.yaml:{place}: ")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", ":1:1: is empty; start from the space 'minimal'"),
        (b"# only a comment\n", ":1:1: is empty"),
        (b"- 1\n- 2\n", ":1:1: must be a mapping; got a list"),
        (b"just words\n", ":1:1: must be a mapping; got 'just words'"),
        (b"null\n", ":1:1: must be a mapping"),
        (b"schema: 1\nw\xff\xfe", ":2:2: not UTF-8 text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", ":1:1: not UTF-8 text"),
        (b"schema: 1\n\n  \0", ":3:3: not YAML"),
        ("widths: ünter\n\0".encode(), ":2:1: not YAML"),
        (b"[" * 5000, ":1:41: must be nested at most 40 levels deep"),
        (b"#" * (2 << 20), ": must have at most 1,048,576 bytes; got more"),
        (b"a: &a [*a]\nschema: *a\n", ":1:8: must not hold itself; got the alias 'a'"),
        (b"a: &b [1]\nc: *b\n", ":1:1: has an unknown key 'a'"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_a_file_that_is_no_space_at_all(tmp_path, content, says):
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    with pytest.raises(SpaceError) as raised:
        read_space(path)
    message = str(raised.value)
    assert message.startswith(f"{path}:")
    assert says in message
    assert "\n" not in message


def test_an_alias_bomb_is_refused_at_once(read):
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    with pytest.raises(SpaceError, match=r":5:5: must hold at most 10,000 values"):
        read("\n".join(lines) + "\n")
    nested = PLAIN.replace("[1, 2], s", "&b [&a [1, 1], *a, *a], s")
    with pytest.raises(SpaceError, match="must be a single value"):
        read(nested)


def test_a_file_that_cannot_be_opened(tmp_path):
    with pytest.raises(SpaceError, match=r"none\.yaml: cannot be read: No such file"):
        read_space(tmp_path / "none.yaml")
    with pytest.raises(SpaceError, match="cannot be read: Is a directory"):
        read_space(tmp_path)


Read = Callable[[str], SearchSpace]


class TestReading:
    def test_exponents_are_numbers(self, read: Read):
        space = read(PLAIN.replace("ratio: 0.25", "ratio: [1e-1, 2.5E+0, 1e1]"))
        (_, bottleneck) = space.blocks[0].unit
        assert bottleneck.options["ratio"] == Choice((0.1, 2.5, 10.0))
        ranged = read(
            PLAIN.replace("ratio: 0.25", "ratio: {float: [1e-3, 1], log: true}")
        )
        (_, bottleneck) = ranged.blocks[0].unit
        assert bottleneck.options["ratio"] == FloatRange(0.001, 1.0, log=True)

    def test_text_in_quotes_is_no_number(self, read: Read):
        with pytest.raises(SpaceError, match="got '1e-1'"):
            read(PLAIN.replace("ratio: 0.25", "ratio: '1e-1'"))

    def test_a_byte_order_mark_and_windows_lines_are_fine(self, tmp_path):
        path = tmp_path / "windows.yaml"
        path.write_bytes(b"\xef\xbb\xbf" + PLAIN.replace("\n", "\r\n").encode())
        assert len(read_space(path).blocks) == 2

    def test_anchors_are_fine(self, read: Read):
        space = read(PLAIN.replace("- {width: 1}", "- &b {width: 1}\n  - *b"))
        assert space.blocks[0] == space.blocks[1]
        assert len(space.blocks) == 3

    def test_a_block_overrides_the_template(self, read: Read):
        space = read(PLAIN.replace("{width: 1}", "{depth: 4, unit: separable}"))
        first, second = space.blocks
        assert first.depth == Choice((4,))
        assert [unit.kind for unit in first.unit] == ["separable"]
        assert first.width == Choice((1,))
        assert first.aggregation == second.aggregation
        assert second.depth == Choice((1, 2))

    def test_defaults_are_those_of_the_specs(self, read: Read):
        space = read(ABSOLUTE)
        assert space.stem == (Part(cls=StemConv, options={"width": Choice((8,))}),)
        assert space.fusion == Choice(("last",))
        assert space.norm.build({}) == Norm()
        (block,) = space.blocks
        assert block.stride == Choice((1,))
        assert block.depth == Choice((1,))

    def test_ranges(self, read: Read):
        space = read(PLAIN.replace("depth: [1, 2]", "depth: {int: [1, 7], step: 3}"))
        assert space.blocks[0].depth == IntRange(1, 7, step=3)

    def test_a_tree_has_its_own_depth(self, read: Read):
        (_, _, tree) = read(PLAIN).blocks[0].aggregation
        assert (tree.kind, tree.depth) == ("hierarchical", Choice((2,)))

    def test_the_name_is_the_file_s_unless_given(self, tmp_path):
        path = tmp_path / "mine.yaml"
        path.write_text(PLAIN)
        assert read_space(path).name == "mine"
        assert read_space(path, name="other").name == "other"
