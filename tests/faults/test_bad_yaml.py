"""Search spaces that are none: a place, a rule, a remedy, in no time and memory."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Outcome
from commands import nas as nas_in_a_process

from nas.space import shipped

pytestmark = pytest.mark.faults

GOOD = shipped()["minimal"].read_text()
LAUGHS = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
)


def with_depth(text: str) -> str:
    assert GOOD.count("depth: [1, 2]") == 1
    return GOOD.replace("depth: [1, 2]", f"depth: {text}")


BAD = {
    "a python tag": (
        with_depth("!!python/object/apply:os.system [touch owned]"),
        ":24:10: block.depth must be a plain value; got the tag",
    ),
    "a python tag at the root": ("!!python/object:os.system {a: 1}", ":1:1: must be"),
    "a key twice": (with_depth("1\n  depth: 2"), ":25:3: block has the key 'depth' tw"),
    "an unknown key": (GOOD + "dept: 1\n", ":29:1: has an unknown key 'dept'"),
    "not a number": (with_depth(".nan"), ":24:10: block.depth must be finite; got .na"),
    "infinite": (with_depth("1e999"), ":24:10: block.depth must be finite; got 1e999"),
    "nothing": ("", ":1:1: is empty; start from the space 'minimal'"),
    "a list at the root": ("- 1\n- 2\n", ":1:1: must be a mapping; got a list"),
    "a billion laughs": (LAUGHS, ":5:5: must hold at most 10,000 values"),
    "very many blocks": (
        GOOD.replace("  - {width: 1}", "  - &b {width: 1}" + "\n  - *b" * 90_000),
        ": must hold at most 10,000 values, aliases resolved",
    ),
    "an alias in itself": ("a: &a {b: *a}\n", ":1:11: must not hold itself"),
    "very deep": ("[" * 500_000, ":1:41: must be nested at most 40 levels deep"),
    "very long lists": ("a: [" + "1," * 400_000 + "]", ":1:19999: must hold at most"),
    "many options": (
        with_depth(str(list(range(1, 2000)))),
        ":24:10: block.depth must have at most 1,000 options; got 1,999",
    ),
    "a huge number": (with_depth("9" * 90_000), ":24:10: block.depth must be a number"),
    "a huge hexadecimal": (with_depth("0x" + "f" * 90_000), "of at most 100 digits"),
    "sixties": (with_depth("1" + ":1" * 90_000), ":24:10: block.depth must be a nu"),
    "a number of 100 bits": (with_depth("1" + "0" * 30), "an integer of 64 bits; got"),
    "no number at all": (with_depth("!!int ''"), ":24:10: block.depth cannot be read"),
    "no truth": (with_depth("!!bool maybe"), ":24:10: block.depth cannot be read as"),
    "a range of trillions": (
        GOOD + "aux: [{after: {int: [0, 1000000000000]}}]\n",
        ":29:25: aux[0].after.int[1] must be at most 65536; got 1000000000000",
    ),
    "ten megabytes": (GOOD + "#" * (10 << 20), ": must have at most 1,048,576 bytes"),
    "escape sequences": (
        GOOD.replace("unit: basic", 'unit: "\\e[31mred\\u202e"'),
        r":23:9: block.unit is an unknown unit '\x1b[31mred\u202e'",
    ),
    "bytes": (os.urandom(4096).replace(b"\n", b"") + b"\xff", ": not UTF-8 text"),
    "zeros": (b"\0" * 4096, ":1:1: not YAML: special characters are not allowed"),
}


def write(folder: Path, case: str) -> str:
    """Write a bad space; return what an error must say about it."""
    content, says = BAD[case]
    data = content if isinstance(content, bytes) else content.encode()
    (folder / "mine.yaml").write_bytes(data)
    return says


@pytest.mark.parametrize("case", BAD)
def test_a_bad_space_is_refused_at_its_place(
    tmp_path: Path, case: str, nas: Callable[..., Outcome]
) -> None:
    says = write(tmp_path, case)
    ended = nas("search", "--space", "mine.yaml")
    assert ended.code == 2, ended
    (line,) = ended.err.splitlines()
    assert line.startswith("nas: error: mine.yaml:")
    assert says in line
    assert len(line) < 500
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


HEAVY = [
    "a billion laughs",
    "very many blocks",
    "very deep",
    "very long lists",
    "a huge hexadecimal",
    "ten megabytes",
]


@pytest.mark.parametrize("case", HEAVY)
def test_a_heavy_space_takes_little_time_and_memory(tmp_path: Path, case: str) -> None:
    says = write(tmp_path, case)
    code = (
        "import sys; from nas.__main__ import main; "
        "code = main(['search', '--space', 'mine.yaml']); "
        "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]); "
        "sys.exit(code)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert says in ended.stderr
    assert int(ended.stdout) < 200 * 1024, "KiB; 60 MiB are Python's and its imports'"


@pytest.mark.parametrize("what", ["folder", "pipe", "endless", "loop", "long"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, what: str) -> None:
    path = tmp_path / f"{'x' * 300 if what == 'long' else what}.yaml"
    match what:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "endless":
            path.symlink_to("/dev/zero")
        case "loop":
            path.symlink_to(path)
    for command in (["search", "--space"], ["show"]):
        ended = nas_in_a_process([*command, path.name], tmp_path, timeout=60)
        assert ended.code == 2, ended
        assert path.name[:20] in ended.line


def test_exponents_are_numbers(tmp_path: Path) -> None:
    growth = GOOD.replace("growth: 0.5", "growth: [1e-1, 2.5e-1]")
    (tmp_path / "mine.yaml").write_text(growth)
    ended = nas_in_a_process(["show", "mine.yaml"], tmp_path)
    assert ended.code == 0, ended
    assert "0.1, 0.25" in ended.out
