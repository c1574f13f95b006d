"""The books that other tests of faults look at do tell when something is amiss."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from harness import TINY, Life, lost, results, unbalanced

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("books") / "run"
    with Life(("search", *TINY, "--trials", "4", "--run", run), run.parent) as life:
        assert life.end() == 0, life.err
    return run


@pytest.fixture
def run(searched: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "run"
    shutil.copytree(searched, copy, copy_function=shutil.copy2)
    return copy


def remove_result(run: Path) -> None:
    (run / "trials/00001/result.json").unlink()


def tear_result(run: Path) -> None:
    (run / "trials/00001/result.json").write_text('{"trial": 1')


def leave_a_gap(run: Path) -> None:
    (run / "trials/00003").rename(run / "trials/00007")


def change_accuracy(run: Path) -> None:
    path = run / "trials/00001/result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"accuracy": 0.5}))


def train_twice(run: Path) -> None:
    shutil.copytree(run / "trials/00003", run / "trials/00004")
    path = run / "trials/00004/result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"trial": 4}))


def tear_weights(run: Path) -> None:
    path = run / "trials/00002/weights.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def swap_weights(run: Path) -> None:
    networks = [
        (
            json.loads((folder / "result.json").read_bytes())["params"],
            folder / "weights.safetensors",
        )
        for folder in sorted((run / "trials").iterdir())
    ]
    (_, small), *_, (_, large) = sorted(networks)
    shutil.copy(small, large)


def leave_a_temporary_file(run: Path) -> None:
    (run / "trials/00002/.result.json.123.tmp").write_text("{")


def leave_a_running_trial(run: Path) -> None:
    with closing(sqlite3.connect(run / "study.db")) as database, database:
        database.execute("UPDATE trials SET state = 'RUNNING' WHERE number = 2")


def lose_a_row_of_the_index(run: Path) -> None:
    path = run / "index.tsv"
    path.write_bytes(path.read_bytes()[:-500])


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (remove_result, "4 trials have begun, 3 have ended"),
        (tear_result, "trials/00001/result.json cannot be read"),
        (leave_a_gap, "have gaps"),
        (change_accuracy, "trial 1: values in the study"),
        (change_accuracy, "the index has no 1"),
        (train_twice, "was trained 2 times"),
        (train_twice, "4 trials were asked for, 5 have ended"),
        (tear_weights, "the weights of trial 2 cannot be read"),
        (swap_weights, "are those of another network"),
        (leave_a_temporary_file, "00002/.result.json.123.tmp is left over"),
        (leave_a_running_trial, "trial 2: state in the study is RUNNING: COMPLETE"),
        (lose_a_row_of_the_index, "the index has no"),
    ],
)
def test_what_is_amiss_is_told(
    damage: Callable[[Path], None], told: str, run: Path
) -> None:
    assert unbalanced(run) == []
    damage(run)
    problems = unbalanced(run)
    assert any(told in problem for problem in problems), problems


def test_what_was_lost_is_told(run: Path) -> None:
    before = results(run)
    assert lost(run, before) == []
    change_accuracy(run)
    assert lost(run, before) == ["trials/00001/result.json has changed"]
    remove_result(run)
    assert lost(run, before) == ["trials/00001/result.json is gone"]
