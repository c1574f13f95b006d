"""Benchmarks run and print what their headers say; what they measure is not tested."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def output_of(folder: Path, *argv: str) -> str:
    command = [sys.executable, str(BENCHMARKS / argv[0]), *argv[1:]]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_throughput_trains_the_same_on_both_sides(tmp_path: Path) -> None:
    printed = output_of(
        tmp_path,
        *("throughput.py", "digits", "--naive-threads", "1", "--workers", "1"),
        *("--seeds", "2", "--candidates", "2", "--epochs", "2"),
    )
    assert re.search(r"^ratio, median of 2: \d+\.\d\d$", printed, re.M)
    accuracies = {
        name: float(re.search(rf"^{name} .* (0\.\d+) ± ", printed, re.M)[1])
        for name in ("naive", "nas")
    }
    # Neither has learnt nothing; how close they are takes more seeds to say.
    assert min(accuracies.values()) > 0.3, printed


@pytest.mark.slow
@pytest.mark.parametrize(
    "argv",
    [
        ["workers", "--rounds", "1", "--candidates", "2", "--epochs", "1"],
        ["coordinator", "--rounds", "1", "--stored", "2", "20"],
    ],
    ids=["workers", "coordinator"],
)
def test_scaling(tmp_path: Path, argv: list[str]) -> None:
    printed = output_of(tmp_path, "scaling.py", *argv)
    expected = "slower by: " if argv[0] == "workers" else "\n    20  "
    assert expected in printed
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_report(tmp_path: Path) -> None:
    printed = output_of(tmp_path, "report.py", "--trials", "3")
    assert re.search(r"^     3 +\d+\.\d +[45]\.\d\d MB$", printed, re.M)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_joint(tmp_path: Path) -> None:
    argv = ("joint.py", "--seeds", "2", "--samplers", "random", "evolution")
    printed = output_of(tmp_path, *argv)
    last = {
        name: float(re.search(rf"^\| {name} .* (\d+\.\d) ± \S+ \|$", printed, re.M)[1])
        for name in ("random", "evolution")
    }
    assert last["evolution"] < last["random"], printed


@pytest.mark.slow
@pytest.mark.faults
def test_soak(tmp_path: Path) -> None:
    argv = ("soak.py", "--trials", "12", "--epochs", "1", "--worker-seconds", "2")
    printed = output_of(tmp_path, *argv, "--coordinator-seconds", "8")
    assert re.search(r"^asked +12$", printed, re.M)
    finished = int(re.search(r"^finished +(\d+)$", printed, re.M)[1])
    assert f"accuracies reproduced              {finished} of {finished}" in printed
    assert printed.endswith("the books balance\n")


@pytest.mark.slow
def test_explaining(tmp_path: Path) -> None:
    argv = ("explaining.py", "--runs", "1", "--trials", "24", "--searched", "24")
    printed = output_of(tmp_path, *argv)
    assert re.search(r"^ +24  none +\d+ % +\d+ % +\d+\.\d +\d+\.\d\d$", printed, re.M)
    assert re.search(r"^size-aware +24 +\d+ % +\d+\.\d\d +\S+", printed, re.M)
    # What all networks of the table say is known.
    assert "concat wins 1.9 points over sum in block 2" in " ".join(printed.split())
