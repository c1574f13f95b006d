"""Weights that are not those that were trained: found, and trained again."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Outcome
from safetensors.numpy import load_file, save_file

from nas.run import Run
from nas.search.mending import file_digest

pytestmark = pytest.mark.faults

OPTIONS = (
    *("--space", "minimal", "--max-params", "3k", "--epochs", "1", "--device", "cpu"),
    *("--workers", "2", "--trials", "4", "--seed", "5"),
)
HARMS = ("torn", "empty", "foreign", "one bit")


def harm(run: Run, trial: int, how: str) -> None:
    path = run.folder.weights_path(trial)
    data = path.read_bytes()
    match how:
        case "torn":
            path.write_bytes(data[: len(data) // 2])
        case "empty":
            path.write_bytes(b"")
        case "foreign":
            shutil.copy(run.folder.weights_path((trial + 1) % 4), path)
        case "one bit":
            tensors = load_file(path)
            name = next(iter(tensors))
            tensors[name].reshape(-1)[0] *= -1
            save_file(tensors, path)
    assert path.read_bytes() != data


@pytest.fixture
def run(nas: Callable[..., Outcome], tmp_path: Path) -> Run:
    outcome = nas("search", *OPTIONS, "--run", "run")
    assert outcome.code == 0, outcome.err
    return Run(tmp_path / "run")


def test_resume_trains_again_what_is_torn_and_nothing_else(nas, run):
    before = run.records
    good = [run.folder.weights_path(trial).read_bytes() for trial in range(4)]
    times = [run.folder.weights_path(trial).stat().st_mtime_ns for trial in range(4)]
    for trial, how in enumerate(HARMS[:3]):
        harm(run, trial, how)
    outcome = nas("resume", "run")
    assert outcome.code == 0, outcome.err
    assert "3 trials trained again" in outcome.out.replace("\n", " ")
    assert run.records == before
    for trial, record in enumerate(before):
        # The same to the last bit, on a CPU.
        assert run.folder.weights_path(trial).read_bytes() == good[trial]
        assert file_digest(run.folder.weights_path(trial)) == record.weights
    assert run.folder.weights_path(3).stat().st_mtime_ns == times[3]
    assert "trained again" not in nas("resume", "run").out


@pytest.mark.parametrize("how", HARMS)
def test_torn_weights_are_never_exported(nas, run, tmp_path, how):
    harm(run, 2, how)
    outcome = nas("export", "run", "--trial", "2", "--to", "mine")
    assert outcome.code == 2
    assert "nas resume run" in outcome.err
    assert outcome.err.count("\n") == 1
    assert not (tmp_path / "mine").exists()
    assert nas("resume", "run").code == 0
    assert nas("export", "run", "--trial", "2", "--to", "mine").code == 0


def test_weights_that_somebody_removed_stay_away(nas, run):
    for trial in range(4):
        run.folder.weights_path(trial).unlink()
    outcome = nas("resume", "run", "--trials", "5")
    assert outcome.code == 0, outcome.err
    assert "trained again" not in outcome.out
    assert [run.folder.weights_path(trial).exists() for trial in range(5)] == [
        *[False] * 4,
        True,
    ]


def test_repeats_of_a_trial_with_torn_weights_are_kept(nas, run):
    assert nas("repeat", "run", "--trials", "1", "--repeats", "2").code == 0
    repeats = run.repeats(1)
    harm(run, 1, "torn")
    assert nas("resume", "run").code == 0
    assert run.repeats(1) == repeats
