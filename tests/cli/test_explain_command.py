"""What `nas explain` prints for runs that have much, little or nothing to tell."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from made_run import make_run

from nas.report import Explanation
from nas.run import Run


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of 30 trials, every fifth of the random arm; read it only."""
    from made_run import architectures, record

    path = tmp_path_factory.mktemp("runs") / "explained"
    run = make_run(path)
    for trial, network in enumerate(architectures(30)):
        genes = network.genes or {}
        worse = genes["block1.aggregation"] == "concat"
        accuracy = 0.9 - 0.2 * worse + 0.003 * (trial % 7)
        arm = "random" if trial % 5 == 0 else "search"
        run.start_trial(trial, network, arm)
        run.finish_trial(replace(record(trial, network, accuracy), arm=arm))
    return path


def test_tables_and_a_paragraph(nas, explained):
    outcome = nas("explain", explained)
    assert (outcome.code, outcome.err) == (0, "")
    assert "concat against sum" in outcome.out
    assert "all sizes" in outcome.out
    assert "block1.aggregation" in outcome.out
    words = " ".join(outcome.out.split())
    assert "concat loses" in words
    assert "--trial" in words
    assert max(map(len, outcome.out.splitlines())) <= 100


def test_json_is_the_whole_explanation(nas, explained):
    outcome = nas("explain", explained, "--json")
    found = Explanation.from_json(json.loads(outcome.out))
    assert found == Run(explained).explanation()
    assert found.trials == 30
    assert found.importances[0].gene == "block1.aggregation"
    assert found.bands[-1].high == 8000


def test_one_arm_alone(nas, explained):
    outcome = nas("explain", explained, "--arm", "search", "--json")
    assert json.loads(outcome.out)["trials"] == 24
    outcome = nas("explain", explained, "--arm", "random")
    assert outcome.code == 0
    assert outcome.out.startswith("6 whole trainings can tell nothing")
    outcome = nas("explain", explained, "--arm", "randm")
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert "did you mean 'random'" in outcome.err


@pytest.mark.parametrize(
    "accuracies", [[], [0.5], [None, None], [0.5, 0.6, 0.7]], ids=str
)
def test_a_run_with_little_to_tell(nas, tmp_path, accuracies):
    run = make_run(tmp_path / "run", accuracies)
    outcome = nas("explain", run.path)
    assert (outcome.code, outcome.err) == (0, "")
    assert "takes at least 20" in " ".join(outcome.out.split())
    assert f"nas resume {run.path} --trials" in " ".join(outcome.out.split())


def test_an_arm_that_there_is_not(nas, tmp_path):
    run = make_run(tmp_path / "run", [0.5, 0.6])
    outcome = nas("explain", run.path, "--arm", "random")
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert "has no random arm" in outcome.err


def test_pairs_of_which_nothing_is_known_have_no_table(nas, explained, monkeypatch):
    found = Run(explained).explanation()
    unknown = [
        replace(effect, difference=None, low=None, high=None)
        for effect in found.effects
    ]
    nothing = replace(found, effects=tuple(unknown))
    assert "against" in nas("explain", explained).out
    monkeypatch.setattr(Run, "explanation", lambda *_: nothing)
    assert "against sum: points" not in nas("explain", explained).out


def test_trials_that_failed_are_not_counted_on(nas, tmp_path):
    run = make_run(tmp_path / "run", [None] * 25)
    outcome = nas("explain", run.path)
    assert f"nas resume {run.path} --trials 45" in " ".join(outcome.out.split())
    assert "Left out: 25 failed." in outcome.out


def test_no_run(nas):
    outcome = nas("explain", "nowhere")
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert "no run at nowhere" in outcome.err


def test_trials_that_lose_their_genes_are_left_out(nas, tmp_path):
    run = make_run(tmp_path / "run", [0.5 + 0.01 * i for i in range(22)])
    for record in run.records()[:4]:
        plain = replace(record.architecture, genes=None)
        run.finish_trial(replace(record, architecture=plain))
    outcome = nas("explain", run.path, "--json")
    assert json.loads(outcome.out)["trials"] == 18
