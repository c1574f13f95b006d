"""A retraining that is killed again and again trains nothing twice that finished."""

# ruff: noqa: F401, F811 - fixtures are imported by name

import random
import time
from pathlib import Path

import pytest
from harness import Life
from small_runs import run, searched

from nas.retraining import Protocol
from nas.run import Run
from nas.search.mending import file_digest
from nas.search.retrain_files import read_retrained, weights_path

pytestmark = pytest.mark.faults


def results(run: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in run.glob("retrain/*/*/*/result.json")
    }


def test_killed_at_random_moments(run):
    rng = random.Random(0)
    argv = ("retrain", run, "--seeds", "3", "--with", "dla_small@2500")
    finished: dict[str, bytes] = {}
    for _ in range(4):
        with Life(argv, run.parent) as life:
            before = len(finished)
            life.until(lambda before=before: len(results(run)) > before)
            time.sleep(rng.uniform(0, 0.4))
            life.kill()
        now = results(run)
        assert now.items() >= finished.items()
        finished = now
    with Life(argv, run.parent) as life:
        assert life.end() == 0, life.err
    now = results(run)
    assert now.items() >= finished.items()
    found = Run(run)
    (several,) = read_retrained(found.folder).values()
    names = {f"trial-{record.trial}" for record in found.front} | {"dla_small@2500"}
    assert {each.contender.name for each in several} == names
    for each in several:
        assert [training.number for training in each.trainings] == [1, 2, 3]
        for training in each.trainings:
            path = weights_path(
                found.folder, Protocol(), training.contender, training.number
            )
            assert training.weights == file_digest(path)
    assert not list(run.glob("**/*.part"))
    assert not list(run.glob("**/.*.tmp"))
