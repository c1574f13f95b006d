"""Ablations as a user types them, of a run that was really searched for."""

import json
import shutil
from pathlib import Path

import pytest
from command_line import kept_handlers
from made_run import make_run

from nas.__main__ import main
from nas.nn.cost import num_params
from nas.report.ablated import Ablation
from nas.retraining import Protocol
from nas.run import Run
from nas.search.lock import owned

HERE = ("--seeds", "2", "--epochs", "1")


@pytest.fixture(scope="module")
def ablated(finished, tmp_path_factory) -> Path:
    """A small run whose best trial was ablated; nobody may change it."""
    path = tmp_path_factory.mktemp("runs") / "ablated"
    shutil.copytree(finished, path)
    with kept_handlers():
        assert main(["ablate", str(path), *HERE]) == 0
    return path


@pytest.fixture
def copied(ablated, tmp_path) -> Path:
    return Path(shutil.copytree(ablated, tmp_path / "copied"))


def only(path: Path) -> Ablation:
    (found,) = Run(path).ablations()
    return found


def results(path: Path) -> dict[Path, int]:
    return {p: p.stat().st_mtime_ns for p in path.glob("ablate/*/*/*/*/result.json")}


def test_the_best_trial_beside_its_variants(ablated):
    run, found = Run(ablated), only(ablated)
    best = run.best()
    assert found.trial == best.trial
    assert found.base.architecture == best.architecture
    assert (found.protocol, found.epochs) == (Protocol(epochs=1), 1)
    assert len(found.switched) >= 4
    for one in (found.base, *(each.variant for each in found.switched)):
        assert set(one.reached) == {1, 2}
        assert abs(num_params(one.architecture) / best.params - 1) < 0.05
    # It is no retraining, and nothing that could be exported by mistake.
    assert run.contests() == {}
    assert list(ablated.glob("ablate/**/*.safetensors")) == []
    assert len(list(ablated.glob("ablate/*/*/*/*/events.out.tfevents.*"))) == len(
        results(ablated)
    )


def test_the_report_has_it(nas, ablated):
    outcome = nas("report", ablated)
    found = only(ablated)
    assert outcome.code == 0
    assert f"Trial {found.trial} with other aggregations at its size" in outcome.out
    text = " ".join(outcome.out.split())
    for line in found.lines():
        assert " ".join(line.split()) in text
    for one in found.switched:
        assert f"{one.variant.total.params:,}" in outcome.out
    name = f"ablation-trial-{found.trial}"
    for suffix in (".csv", ".json", ".png"):
        assert (ablated / "report" / f"{name}{suffix}").stat().st_size > 200
    page = (ablated / "report" / "report.html").read_text()
    assert "Other aggregations at the same size" in page
    data = json.loads(nas("report", ablated, "--json").out)
    assert data["ablations"] == [found.to_json()]


def test_what_is_there_counts(nas, copied):
    before = results(copied)
    outcome = nas("ablate", copied, *HERE, "--json")
    assert outcome.code == 0
    assert json.loads(outcome.out) == only(copied).to_json()
    assert "trainings finished already" in outcome.err
    assert "s of training each, and the time to start and to test it" in outcome.err
    assert results(copied) == before
    outcome = nas("ablate", copied, "--seeds", "3", "--epochs", "1")
    assert outcome.code == 0
    assert f"[1/{len(before) // 2}] trial-" in outcome.out
    assert results(copied).items() > before.items()


def test_what_was_interrupted_is_not_shown_as_whole(nas, copied):
    whole = only(copied)
    (last,) = copied.glob(f"ablate/*/*/{whole.switched[-1].variant.name}")
    shutil.rmtree(last)
    outcome = nas("report", copied)
    text = " ".join(outcome.out.split())
    planned = 1 + len(whole.switched)
    assert f"1 of {planned} networks has fewer trainings than others" in text


def test_the_trial_itself_is_as_retrained(nas, copied):
    found = only(copied)
    argv = ("--trials", found.trial, "--seeds", "2", "--epochs", "1")
    assert nas("retrain", copied, *argv).code == 0
    ((standing,),) = (c.standings for c in Run(copied).contests().values())
    assert standing.entrant.reached == found.base.reached


def test_another_trial_and_other_epochs_are_ablations_of_their_own(nas, copied):
    first = only(copied)
    other = next(r.trial for r in Run(copied).records if r.trial != first.trial)
    outcome = nas("ablate", copied, "--trial", other, "--seeds", "1")
    assert outcome.code == 0
    assert "Nothing says how much of the differences is chance" in " ".join(
        outcome.out.split()
    )
    found = {(one.trial, one.protocol): one for one in Run(copied).ablations()}
    assert set(found) == {
        (first.trial, Protocol(epochs=1)),
        (other, Protocol()),
    }
    # The recipe's epochs are the recipe's, whoever says so.
    assert found[(other, Protocol())].epochs == 2
    argv = ("--trial", other, "--seeds", "1", "--epochs", "2")
    outcome = nas("ablate", copied, *argv)
    assert "trainings finished already" in outcome.out


def test_what_cannot_be_read_is_trained_again(nas, copied):
    trial = only(copied).trial
    broken, *others = sorted(results(copied))
    broken.write_text("{")
    (broken.parent / "weights.safetensors.part").touch()
    outcome = nas("report", copied)
    assert outcome.code == 2
    assert f"'nas ablate --trial {trial}' trains it again" in outcome.err
    assert len(outcome.err.splitlines()) == 1
    outcome = nas("repair", copied)
    assert "1 half-written file was removed" in outcome.out
    assert "result.json could not be read and is now" in outcome.out
    before = results(copied)
    assert set(before) == set(others)
    assert "[1/1] " in nas("ablate", copied, *HERE).out
    assert results(copied).items() > before.items()


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (["--trial", "9"], "has no finished trial 9; it has 0 to 2"),
        (["--trial", "x"], "should be a valid integer"),
        (["--seeds", "100000000"], "seeds must be from 1 to 1000; got 100000000"),
        (["--seeds", "0"], "greater than or equal to 1"),
        (["--epochs", "0"], "greater than or equal to 1"),
    ],
)
def test_bad_input_is_one_line(nas, ablated, argv, complaint):
    outcome = nas("ablate", ablated, *argv)
    assert outcome.code == 2
    assert complaint in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_runs_without_anything_to_ablate(nas, folder):
    make_run(folder / "run", [0.5, None])
    outcome = nas("ablate", "run", "--trial", "1")
    assert outcome.error == (
        "nas: error: trial 1 failed (RuntimeError: out of luck); choose another --trial"
    )
    make_run(folder / "none", [None])
    outcome = nas("ablate", "none")
    assert outcome.error == (
        "nas: error: none has no finished trial yet; continue it with 'nas resume'"
    )
    make_run(folder / "empty")
    assert nas("ablate", "empty").error.endswith("continue it with 'nas resume'")
    assert nas("ablate", "nowhere").code == 2


def test_a_run_that_is_taken(nas, copied):
    with owned(copied):
        outcome = nas("ablate", copied)
    assert outcome.code == 2
    assert len(outcome.err.splitlines()) == 1


def test_data_that_are_gone(nas, folder):
    make_run(folder / "run", [0.5], data="nowhere.npz")
    outcome = nas("ablate", "run")
    assert outcome.code == 2
    assert "nowhere.npz" in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert not (folder / "run" / "ablate").exists()
