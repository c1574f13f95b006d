"""`nas search --halving` as somebody would type it."""

import csv
import json

import pytest

from nas.drawing import human
from nas.run import Run

SMALL = ("--space", "minimal", "--max-params", "8k", "--workers", "0", "--trials", "5")


@pytest.fixture
def halved(nas, folder):
    """A halved search: its folder, and what it printed."""
    done = nas(
        *("search", *SMALL, "--halving", "--eta", "2", "--epochs", "4", "--run", "r")
    )
    assert done.code == 0, done.err
    return folder / "r", done.out


def test_it_tells_how_far_everybody_got_and_what_it_cost(halved, nas):
    run, printed = halved
    assert "halving: trials pause after 1 and 2 epochs; one in 2 goes on" in printed
    assert "after 1 of 4 epochs with" in printed
    results = [
        json.loads(path.read_text()) for path in run.glob("trials/*/result.json")
    ]
    spent = sum(len(result["curve"]) for result in results)
    assert f"{spent} epochs in all, and 20 without halving" in printed
    again = nas("report", "r").out
    assert f"{spent} epochs in all, and 20 without halving" in again
    ends = {result["trial"]: len(result["curve"]) for result in results}
    assert {1, 4} <= set(ends.values()) <= {1, 2, 4}
    with (run / "report/trials.csv").open(newline="") as file:
        rows = {int(row["trial"]): row for row in csv.DictReader(file)}
    assert {trial: int(row["epochs"]) for trial, row in rows.items()} == ends
    assert {row["of_epochs"] for row in rows.values()} == {"4"}
    for result in results:
        stopped = result["status"] == "stopped"
        assert (result["accuracy"] is None) == stopped
        if stopped:
            part = f"{len(result['curve'])} of 4 epochs"
            assert any(
                line.split()[:1] == [str(result["trial"])] and line.endswith(part)
                for line in map(str.rstrip, again.splitlines())
            ), again
    front = json.loads((run / "report/front.json").read_text())
    whole = {trial for trial, end in ends.items() if end == 4}
    assert {row["trial"] for row in front} <= whole
    assert {row["epochs"] for row in front} == {4}


def test_what_was_stopped_is_shown_and_not_exported(halved, nas):
    run, _ = halved
    stopped = [
        result
        for path in sorted(run.glob("trials/*/result.json"))
        if (result := json.loads(path.read_text()))["status"] == "stopped"
    ]
    trial = stopped[0]["trial"]
    assert json.loads(nas("report", "r", "--json").out)["stopped"] == len(stopped)
    epochs, reached = stopped[0]["standings"][-1]
    shown = nas("show", "r", "--trial", trial).out
    assert f"trial {trial} of r, stopped after {epochs} of 4 epochs" in shown
    assert f" at {100 * reached:.2f} %" in shown
    refused = nas("export", "r", "--trial", trial)
    assert refused.code == 2
    assert f"trial {trial} was stopped after " in refused.err
    assert "choose another --trial" in refused.err
    assert nas("export", "r").code == 0


def test_more_trials_are_halved_too(halved, nas):
    run, _ = halved
    done = nas("resume", "r", "--trials", "7")
    assert done.code == 0
    assert "[7/7]" in done.out
    assert "28 without halving" in done.out
    assert not list(run.glob("trials/*/paused.safetensors"))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--epochs", "1"], "a part of 1/3 of 1 epochs is none; give more --epochs"),
        (["--eta", "40"], "a part of 1/40 of 15 epochs is none"),
        (["--eta", "1"], "eta"),
    ],
)
def test_what_cannot_be_halved_is_refused(nas, folder, options, says):
    refused = nas("search", *SMALL, "--halving", *options, "--run", "r")
    assert refused.code == 2
    assert says in refused.err
    assert not (folder / "r").exists()


def test_random_search_beside_it_is_counted_apart(nas, folder):
    options = ["--halving", "--epochs", "3", "--baseline", "random", "--run", "r"]
    done = nas("search", *SMALL[:-1], "6", *options)
    assert done.code == 0
    results = [
        json.loads(path.read_text()) for path in folder.glob("r/trials/*/result.json")
    ]
    spent = {
        arm: sum(r["epochs_spent"] for r in results if r["arm"] == arm)
        for arm in ("search", "random")
    }
    assert spent["search"] <= spent["random"] <= spent["search"] + 2
    assert f"{spent['search']} epochs in all, and 18 without halving" in done.out
    assert "[random 1] trial " in done.out
    with (folder / "r/report/trials.csv").open(newline="") as file:
        arms = {int(row["trial"]): row["arm"] for row in csv.DictReader(file)}
    assert arms == {result["trial"]: result["arm"] for result in results}
    assert "After as many epochs: hypervolume" in done.out


def test_nothing_is_halved_by_default(nas, folder):
    done = nas(
        "search", *SMALL[:-1], "2", "--epochs", "3", "--no-halving", "--run", "r"
    )
    assert done.code == 0
    assert "halving" not in done.out
    assert not (folder / "r/report/trials.csv").exists()
    for path in folder.glob("r/trials/*/result.json"):
        assert json.loads(path.read_text())["epochs_spent"] == 3


def test_what_was_stopped_is_shown_with_all_its_costs(nas, folder):
    words = ("--halving", "--eta", "2", "--epochs", "4", "--run", "r")
    done = nas("search", *SMALL, *words, "--objectives", "accuracy,macs")
    table = done.out[done.out.index("Stopped early") :].splitlines()
    assert table[1].split() == ["trial", "reached", "parameters", "MACs", "after"]
    stopped = [r for r in Run(folder / "r").records if r.status == "stopped"]
    for record, line in zip(stopped, table[2:], strict=False):
        assert f" {record.params:,} " in line
        assert f" {human(record.macs)} " in line
