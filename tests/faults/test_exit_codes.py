"""What a script that calls ``nas`` may rely on: its exit codes."""

from pathlib import Path

import pytest
from harness import TINY, Life

from nas.run import Run

pytestmark = pytest.mark.faults

UNLUCKY = """
from torch import nn


class Unlucky(nn.Module):
    def __init__(self, w_in, w_out, stride=1, kernel=3):
        super().__init__()
        self.unlucky = kernel == {kernel}
        self.conv = nn.Conv2d(w_in, w_out, kernel, stride, kernel // 2)

    def forward(self, x):
        if self.unlucky and not x.is_meta:
            raise RuntimeError("out of luck")
        return self.conv(x)
"""

SPACE = """
schema: 1
plugins: [unlucky.py]
widths: solved
multiple_of: 4
min_width: 8
stem: {width: 1}
block:
  aggregation: sum
  unit: {Unlucky: {kernel: [3, 5]}}
  depth: [1, 2]
blocks: [{width: 1}, {width: [1, 2], stride: 2}]
"""

OPTIONS = (*TINY, "--max-params", "8k", "--workers", "1", "--run", "run")


def write_space(folder: Path, kernel: str) -> Path:
    """Write a space of units of which those with a kernel fail as soon as they run."""
    (folder / "unlucky.py").write_text(UNLUCKY.format(kernel=kernel))
    (folder / "space.yaml").write_text(SPACE)
    return folder / "space.yaml"


def test_0_when_a_search_is_done_though_some_trials_failed(tmp_path: Path) -> None:
    space = write_space(tmp_path, kernel="5")
    argv = ("search", *OPTIONS, "--space", space, "--trials", "6", "--sampler")
    with Life((*argv, "random"), tmp_path) as life:
        assert life.end() == 0, life.err
        assert "failed: RuntimeError: out of luck" in life.out
    statuses = [record.status for record in Run(tmp_path / "run").records]
    assert set(statuses) == {"complete", "failed"}, statuses
    with Life(("resume", "run"), tmp_path) as life:
        assert life.end() == 0, life.err


def test_1_when_every_trial_failed(tmp_path: Path) -> None:
    space = write_space(tmp_path, kernel="kernel")
    argv = ("search", *OPTIONS, "--space", space, "--trials", "3")
    with Life(argv, tmp_path) as life:
        assert life.end() == 1, life.out
        assert "out of luck" in life.err.splitlines()[-1]
    assert [r.status for r in Run(tmp_path / "run").records] == ["failed"] * 3
    with Life(("resume", "run"), tmp_path) as life:
        assert life.end() == 1, life.out


@pytest.mark.parametrize(
    "argv",
    [
        ("search", "--trials", "0"),
        ("search", "--trials", str(1 << 63)),
        ("search", "--seed", str(1 << 63)),
        ("search", "--retries", str(1 << 63)),
        ("search", "--epochs", str(1 << 63)),
        ("search", "--data", "nowhere/photos"),
        ("search", "--space", "nowhere.yaml"),
        ("resume", "nowhere"),
        ("no-such-command",),
    ],
    ids=" ".join,
)
def test_2_for_bad_input(argv: tuple[str, ...], tmp_path: Path) -> None:
    with Life(argv, tmp_path) as life:
        assert life.end() == 2, life.out
        assert len(life.err.splitlines()) == 1, life.err
    assert list(tmp_path.iterdir()) == []
