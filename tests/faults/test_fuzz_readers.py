"""Every file from outside, spoilt at random: refused in a line, or as good as any."""

import re
import resource
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fuzz_targets import TARGETS, Spoiling, seed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nas.errors import NasError

pytestmark = pytest.mark.faults

EXAMPLES = 40

VALUES = st.sampled_from(
    [
        *(b"null", b"-1", b"1e999", b"NaN", b"[]", b"{}", b'"x"', b"true", b"[[1]]"),
        *(b"99999999999999999999999", b"1" * 5000, b"{int: [1, 1000000000000]}"),
        *(b'"\\u0000"', b'""', b"0.5", b"&a [*a]", b"!!python/name:os.system"),
    ]
)
NUMBERS = st.sampled_from([b"\xff" * 4, b"\0" * 4, b"\x7f" + b"\xff" * 3, b"\x80"])
_WORD = re.compile(rb'-?[\w.]+|"[^"]*"|\[[^\[\]]*\]|\{[^{}]*\}')


@st.composite
def spoilt(draw: st.DrawFn, good: bytes) -> bytes:
    """Draw a file that differs in a few places from a good one."""
    data = good
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        words = list(_WORD.finditer(data[max(0, at - 99) : at + 99]))
        match draw(
            st.sampled_from(["value", "bytes", "number", "cut", "repeat", "end"])
        ):
            case "value" if words:
                start, end = draw(st.sampled_from(words)).span()
                shift = max(0, at - 99)
                new = draw(VALUES)
                data = data[: start + shift] + new + data[end + shift :]
            case "bytes":
                data = data[:at] + draw(st.binary(max_size=4)) + data[at + 1 :]
            case "number":
                data = data[:at] + draw(NUMBERS) + data[at + 4 :]
            case "repeat":
                data = data[:at] + data[at - 20 :]
            case "end":
                data = data[:at]
            case _:
                data = data[:at] + data[at + draw(st.integers(1, 40)) :]
    return data


@pytest.mark.parametrize("name", TARGETS)
def test_a_spoilt_file_is_refused_or_read(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAS_CACHE_DIR", str(tmp_path / "cache"))
    spoiling = Spoiling(name, tmp_path)
    assert spoiling.read(seed(name)) is None

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=spoilt(seed(name)))
    def read(data: bytes) -> None:
        spoiling.read(data)

    read()


CLAIMS = {
    "idx": struct.pack(">4BIII", 0, 0, 8, 3, 2**32 - 1, 2**16, 2**16),
    "idx_labels": struct.pack(">4BI", 0, 0, 8, 1, 2**32 - 1),
    "cifar_pickle": b"\x80\x02}r\xff\xff\xff\xff.",
    "cifar_meta": b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b".",
    "image.ppm": b"P6 1000000 1000000 255\n",
    "image.bmp": seed("image.bmp")[:18]
    + struct.pack("<ii", 2**20, 2**20)
    + seed("image.bmp")[26:],
}
"""Headers that claim far more than there is memory for."""


@pytest.mark.parametrize("name", [*CLAIMS, "npz_plain"])
def test_a_header_gets_no_memory_for_what_it_claims(tmp_path: Path, name: str) -> None:
    path = tmp_path / "claim"
    if name == "npz_plain":
        np.savez(path, x=np.zeros((4, 6, 6), np.uint8), y=np.arange(4))
        data = path.with_suffix(".npz").read_bytes()
        old, new = b"'shape': (4, 6, 6), }", b"'shape': (1099511627776, 6, 6), }"
        assert data.count(old) == 1
        padded = old + b" " * (len(new) - len(old))
        assert padded in data
        data = data.replace(padded, new)
    else:
        data = CLAIMS[name]
    path.write_bytes(data)
    ended = subprocess.run(
        [sys.executable, __file__, name, path, tmp_path / "work"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("refused: "), ended


def _main(name: str, path: str, folder: str) -> None:
    """Read a file in a process that gets 3 GiB of addresses, and say what comes."""
    Path(folder).mkdir()
    spoiling = Spoiling(name, Path(folder))
    assert spoiling.read(seed(name)) is None
    most = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (most + 2**30, most + 2**30))
    error: NasError | None = spoiling.read(Path(path).read_bytes())
    print(f"refused: {error}" if error else "read")


if __name__ == "__main__":
    _main(*sys.argv[1:])
