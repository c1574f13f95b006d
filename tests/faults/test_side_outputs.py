"""TensorBoard, pictures and the report fail for real; the search goes on."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import TINY, Ended, broken_package, nas

from nas.arch import Architecture
from nas.nn.cost import Cost
from nas.records import Recipe
from nas.train.events import Events

pytestmark = pytest.mark.faults

SEARCH = ["search", *TINY, "--trials", "3", "--workers", "2", "--run", "run"]


def raising(folder: Path, name: str) -> Path:
    return broken_package(folder, name, "raise RuntimeError('broken on purpose')")


def warnings(ended: Ended) -> list[str]:
    """Return the lines of the output that tell of something wrong."""
    marks = ("warning:", "broken on purpose", "no events")
    lines = (ended.out + ended.err).splitlines()
    return [line for line in lines if any(mark in line for mark in marks)]


def reached(run: Path) -> list[float]:
    paths = sorted(run.glob("trials/*/result.json"))
    return [json.loads(path.read_bytes())["accuracy"] for path in paths]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    """What the search reaches where nothing is broken."""
    folder = tmp_path_factory.mktemp("expected")
    assert nas(SEARCH, folder).code == 0
    return reached(folder / "run")


def test_a_broken_tensorboard_costs_the_events_alone(
    tmp_path: Path, expected: list[float]
) -> None:
    ended = nas(SEARCH, tmp_path, packages=raising(tmp_path / "p", "tensorboard"))
    assert ended.code == 0, ended
    of_trials, of_search = sorted(warnings(ended), key=len)
    why = "RuntimeError: broken on purpose"
    assert f"no events for TensorBoard: {why}" in of_trials
    assert of_search == f"warning: TensorBoard shows nothing of the search: {why}"
    assert "Traceback" not in ended.err
    assert reached(tmp_path / "run") == expected
    assert not list(tmp_path.rglob("*tfevents*"))
    assert (tmp_path / "run/report/front.png").is_file()


def test_a_broken_matplotlib_costs_the_pictures_alone(
    tmp_path: Path, expected: list[float]
) -> None:
    packages = raising(tmp_path / "p", "matplotlib")
    ended = nas(SEARCH, tmp_path, packages=packages)
    assert ended.code == 0, ended
    *shown, line = warnings(ended)
    of_trials, of_front = sorted(shown)
    assert "no pictures of architectures in TensorBoard: RuntimeError: b" in of_trials
    assert of_front.startswith("warning: TensorBoard shows no picture of the front: R")
    assert line.startswith("warning: run/report: the report cannot be written: Runtime")
    assert line.endswith("'nas report run' writes the report")
    assert "Traceback" not in ended.err
    assert reached(tmp_path / "run") == expected
    report = tmp_path / "run" / "report"
    assert {"front.csv", "summary.json"} <= {path.name for path in report.iterdir()}
    again = nas(["report", "run"], tmp_path, packages=packages)
    assert again.code == 2
    assert "Front of 3 trials" in again.out
    assert "the report cannot be written: RuntimeError: broken on purpose" in again.line
    assert nas(["report", "run"], tmp_path).code == 0
    assert (report / "front.png").is_file()


def test_a_report_that_is_a_file_stops_nothing(tmp_path: Path) -> None:
    assert nas(SEARCH, tmp_path).code == 0
    report = tmp_path / "run" / "report"
    for path in report.iterdir():
        path.unlink()
    report.rmdir()
    report.touch()
    ended = nas(["resume", "run", "--trials", "4"], tmp_path)
    assert ended.code == 0, ended
    (line,) = warnings(ended)
    assert "run/report: the report cannot be written: File exists" in line
    assert len(reached(tmp_path / "run")) == 4
    ended = nas(["report", "run"], tmp_path)
    assert ended.code == 2
    assert "Front of 4 trials" in ended.out
    report.unlink()
    assert nas(["report", "run"], tmp_path).code == 0


def test_the_search_s_own_failure_is_not_hidden(tmp_path: Path) -> None:
    fails = "import os\nraise RuntimeError('broken on purpose')"
    packages = broken_package(tmp_path / "p", "torch", fails)
    ended = nas(
        [*SEARCH[:-2], "--sampler", "random", "--precision", "float32", "--run", "run"],
        tmp_path,
        packages=raising(packages, "matplotlib"),
    )
    assert ended.code != 0
    assert ended.err.splitlines()[-1].startswith("nas: error: ")
    assert "the report cannot be written" not in ended.err.splitlines()[-1]


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A disk with no room at all, in a file system of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(command, check=False).returncode:
        pytest.skip("cannot mount a small file system here")
    try:
        (disk / "trial").mkdir()
        try:
            (disk / "filler").write_bytes(bytes(1 << 20))
        except OSError:
            yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_events_that_cannot_be_written_are_told_of_once(
    full: Path, network: Architecture, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    with Events(str(full / "trial"), 0, told.append) as events:
        for _ in range(20):
            events.begin(network, Recipe(), Cost(params=1, macs=1))
            events.outcome(0.5)
    assert told == ["no events for TensorBoard: No space left on device"]
    assert capfd.readouterr().err == ""


@pytest.fixture
def network() -> Architecture:
    from nas.arch.reference import REFERENCES, reference_defaults

    shape, classes = reference_defaults("resnet20")
    return REFERENCES["resnet20"](shape, classes)
