"""Baseline, repeats and what the report says about them, as a user types it."""

import json
import re
from pathlib import Path

import pytest
from made_run import make_run

from nas.__main__ import main
from nas.run import Run
from nas.search.noise_files import read_repeats

GUIDE = Path(__file__).parents[2] / "docs" / "honesty.md"


@pytest.fixture(scope="module")
def honest(tmp_path_factory) -> Path:
    """A small run with everything, really trained; nobody may change it."""
    path = tmp_path_factory.mktemp("runs") / "honest"
    options = ["--space", "minimal", "--max-params", "8k", "--epochs", "1"]
    options += ["--workers", "0", "--run", str(path)]
    assert main(["search", "--trials", "4", *GUIDED, *options]) == 0
    return path


def guided(command: str) -> list[str]:
    """Return the options that the guide gives a command, but for its run and trials."""
    text = GUIDE.read_text()
    (line,) = re.findall(rf"^nas {command} (.*)$", text, re.MULTILINE)
    words = line.partition("#")[0].split()
    for name in ("--run", "--trials"):
        if name in words:
            at = words.index(name)
            del words[at : at + 2]
    return words


GUIDED = ["3" if word == "5" else word for word in guided("search")]


def test_the_guide_asks_for_both():
    assert GUIDED == ["--baseline", "random", "--repeats", "3"]


def test_a_run_holds_both_arms_and_repeats_of_its_front(honest):
    run = Run(honest)
    assert [r.arm for r in run.records] == ["search", "random"] * 4
    repeats = read_repeats(run.folder)
    assert {r.trial for r in run.front} <= set(repeats)
    assert all(len(again) == 2 for again in repeats.values())
    for several in repeats.values():
        for again in several:
            assert again.accuracy is not None
            assert again.seed != run.trial(again.trial).seed
    assert list((honest / "report").glob("hypervolume.png"))


def test_the_report_says_it_all(nas, honest):
    outcome = nas("report", honest)
    assert outcome.code == 0
    run = Run(honest)
    found = run.summary()
    assert "Front of 8 trials" in outcome.out
    assert "How sure is it" in outcome.out
    words = " ".join(outcome.out.split())
    assert found.comparison.verdict in words
    assert found.reference.name in words
    assert "The first result is left out: it was chosen for being high." in words
    for one in found.certainties:
        assert f"{100 * one.first:.2f} " in outcome.out
        assert f" {100 * one.repeats.mean:.2f} " in outcome.out
    for arm in found.arms.values():
        assert f"{arm.steps[-1].hypervolume:.3g}" in outcome.out


def test_the_report_as_json(nas, honest):
    outcome = nas("report", honest, "--json")
    data = json.loads(outcome.out, parse_constant=pytest.fail)
    written = json.loads((honest / "report" / "summary.json").read_text())
    further = {"effects": None, "retrained": {}, "ablations": [], "latencies": []}
    assert written | further == data
    run = Run(honest)
    assert [point["trial"] for point in data["front"]] == [r.trial for r in run.front]
    assert set(data["arms"]) == {"search", "random"}
    for arm in data["arms"].values():
        assert (arm["trials"], arm["epochs"]) == (4, 4)
        assert len(arm["hypervolume_after"]) == 4
    assert data["reference"]["params"] == 16_000
    for point in data["front"]:
        again = point["certainty"]["repeats"]
        assert again["complete"] == 2
        assert again["low"] <= again["mean"] <= again["high"]
        assert point["accuracy"] == again["mean"]
        belief = point["certainty"]["belief"]
        assert belief["low"] <= belief["accuracy"] <= belief["high"]


def test_export_says_what_its_own_weights_reached(nas, honest, folder):
    outcome = nas("export", honest, "--to", "out")
    best = Run(honest).best()
    assert f"trial {best.trial}: {100 * best.accuracy:.2f} %" in outcome.out
    mean = Run(honest).repeats(best.trial).mean
    expected = f"its repeats reached {100 * mean:.2f} % on average"
    assert expected in outcome.out
    shown = nas("show", honest)
    assert f"trial {best.trial} of {honest}, {100 * best.accuracy:.2f} %" in shown.out
    assert expected in shown.out


class TestRepeat:
    @pytest.fixture
    def run(self, nas, folder):
        options = ["--space", "minimal", "--max-params", "8k", "--epochs", "1"]
        outcome = nas("search", "--trials", 2, *options, "--workers", 0, "--run", "r")
        assert outcome.code == 0
        return Run(folder / "r")

    def test_chosen_trials_then_the_front(self, nas, run):
        outcome = nas("repeat", "r", "--trials", "1", "--repeats", "3")
        assert outcome.code == 0, outcome.err
        assert "[repeat 1/2] trial 1, training 2: " in outcome.out
        assert "[repeat 2/2] trial 1, training 3: " in outcome.out
        assert set(read_repeats(run.folder)) == {1}
        again = nas("repeat", "r", "--trials", "1", "--repeats", "3")
        assert again.code == 0
        assert "[repeat" not in again.out
        outcome = nas("repeat", "r", "--repeats", "2")
        assert outcome.code == 0
        assert {r.trial for r in run.front} <= set(read_repeats(run.folder))
        assert "without a repeat" not in outcome.out

    def test_an_interrupt_says_how_to_go_on(self, nas, run, monkeypatch):
        from nas.search import repeats

        def interrupted(folder, repeat):
            finish_repeat(folder, repeat)
            raise KeyboardInterrupt

        finish_repeat = repeats.finish_repeat
        with monkeypatch.context() as patch:
            patch.setattr(repeats, "finish_repeat", interrupted)
            outcome = nas("repeat", "r", "--trials", "0", "--repeats", "3")
        assert outcome.code == 130
        assert "stopped; the same command goes on from here" in outcome.out
        assert len(read_repeats(run.folder)[0]) == 1
        again = nas("repeat", "r", "--trials", "0", "--repeats", "3")
        assert "[repeat 1/1] trial 0, training 3: " in again.out

    def test_a_trial_that_is_not_there_or_failed(self, nas, folder):
        make_run(folder / "run", [0.5, None])
        outcome = nas("repeat", "run", "--trials", "7")
        assert outcome.code == 2
        assert "run has no finished trial 7; it has 0 to 1" in outcome.err
        outcome = nas("repeat", "run", "--trials", "0,1")
        assert outcome.code == 2
        assert "trial 1 failed (RuntimeError: out of luck)" in outcome.err
        assert "choose other --trials" in outcome.err

    def test_a_run_without_a_front(self, nas, folder):
        make_run(folder / "run", [None])
        outcome = nas("repeat", "run")
        assert outcome.code == 2
        assert "run has no complete trial; continue it with 'nas resume'" in outcome.err


def test_a_run_of_old_is_reported_without_what_it_does_not_know(nas, folder):
    run = make_run(folder / "run", [0.5, 0.75, 0.625])
    config = run.path / "config.yaml"
    text = config.read_text()
    assert "  baseline: null\n  repeats: 1\n" in text
    config.write_text(text.replace("  baseline: null\n  repeats: 1\n", ""))
    for path in run.trials_path.glob("*/result.json"):
        data = json.loads(path.read_text())
        del data["arm"]
        path.write_text(json.dumps(data))
    outcome = nas("report", "run")
    assert outcome.code == 0
    assert "Front of 3 trials" in outcome.out
    assert "How sure is it" not in outcome.out
    assert "no accuracy, twice the budget" in " ".join(outcome.out.split())
    assert {r.arm for r in Run(run.path).records} == {"search"}
