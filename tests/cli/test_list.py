import json
import shutil
from pathlib import Path

import pytest
from made_run import make_run

from nas.cli.listing import _ago
from nas.run import Run


def test_a_table_of_runs(nas, folder):
    make_run(folder / "runs" / "small", [0.5, None, 0.75])
    make_run(folder / "runs" / "torn", [0.5]).config_path.write_text("{")
    outcome = nas("list")
    assert (outcome.code, outcome.err) == (0, "")
    (small,) = [line for line in outcome.out.splitlines() if " small " in line]
    for word in ("finished, 1", "digits", "8k", "3/3", "75.00 %", "ago"):
        assert word in small
    (why,) = [line for line in outcome.out.splitlines() if line.startswith("torn:")]
    assert "runs/torn/config.yaml:1:2" in why
    assert "Hypervolumes compare" not in outcome.out


def test_a_run_from_inside(nas, folder, monkeypatch):
    make_run(folder / "small", [0.5])
    monkeypatch.chdir(folder / "small")
    assert " small " in nas("list", ".").out


def test_hypervolumes_that_do_not_compare_are_marked(nas, folder):
    make_run(folder / "runs" / "one", [0.5, 0.75])
    make_run(folder / "runs" / "two", [0.5, 0.75], max_params=9_000)
    make_run(folder / "runs" / "three", [0.5, 0.25])
    make_run(folder / "runs" / "torn", [0.5]).config_path.write_text("{")
    text = nas("list").out
    assert text.count("#1") == 2
    assert text.count("#2") == 1
    assert "Hypervolumes compare" in text
    told = json.loads(nas("list", "--json").out)
    numbers = {Path(run["path"]).name: run["comparable"] for run in told}
    assert numbers.pop("torn") is None
    assert numbers["one"] == numbers["three"] != numbers["two"]
    assert sorted(numbers.values()) == [1, 1, 2]


def test_the_same_as_json(nas, folder):
    make_run(folder / "runs" / "small", [0.5, 0.75])
    (found,) = json.loads(nas("list", "runs", "--json").out)
    assert found["path"] == "runs/small"
    assert found["state"] == "finished"
    assert found["trials"] == {"asked": 2, "finished": 2, "random": 0, "failed": 0}
    assert found["objective"] == "accuracy"
    best = Run(folder / "runs" / "small").trial(1)
    assert found["best"] == {
        "trial": 1,
        "accuracy": 0.75,
        "params": best.params,
        "macs": best.macs,
    }
    assert found["hypervolume"] > 0
    assert found["reference"]["params"] == 16_000
    assert found["changed"] == "2026-01-02T03:04:05+00:00"


def test_none_at_all(nas, folder):
    outcome = nas("list")
    assert outcome.code == 2
    assert outcome.error.startswith("nas: error: no runs at runs: ")
    (folder / "runs").mkdir()
    outcome = nas("list")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == "no runs in runs; 'nas search' makes one\n"
    assert nas("list", "--json").out == "[]\n"


@pytest.mark.parametrize("columns", [80, 120])
def test_names_of_all_kinds_fit_the_terminal(nas, folder, monkeypatch, columns):
    names = ["x" * 100, "[red]", "a\x1b[2Jb", "\N{ROCKET} and $so on"]
    run = make_run(folder / "made", [0.5, None, 0.99])
    for name in names:
        shutil.copytree(run.path, folder / "runs" / name)
    monkeypatch.setenv("COLUMNS", str(columns))
    outcome = nas("list")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert max(map(len, lines)) <= columns
    assert outcome.out.count("3/3") == len(names)
    assert outcome.out.count("99.00 %") == len(names)
    assert "[red]" in outcome.out
    assert "\x1b" not in outcome.out


@pytest.mark.parametrize("columns", [28, 40, 44, 60, 70, 80])
def test_what_a_narrow_terminal_has_no_room_for_is_named(
    nas, folder, monkeypatch, columns
):
    make_run(folder / "runs" / ("x" * 30), [0.5, None, 0.99])
    make_run(folder / "runs" / "small", [0.5], trials=4)
    monkeypatch.setenv("COLUMNS", str(columns))
    text = nas("list").out
    lines = text.splitlines()
    assert max(map(len, lines)) <= columns
    assert lines[0].split()[:2] == ["run", "state"]
    for word in ("small", "finished", "unfinished"):
        assert word in text
    left_out = (
        " ".join(text.split()).partition("A wider terminal shows ")[2].split(".")[0]
    )
    named = left_out.split(", ") if left_out else []
    every = ["run", "state", "data", "budget", "trials", "best", "size", "volume"]
    assert [*lines[0].split(), *named] == every
    assert ("99.00 %" in text) == ("best" not in named)


def test_how_long_ago():
    texts = [_ago(seconds) for seconds in (-5, 59, 60, 7_199, 7_200, 200_000)]
    assert texts == [
        *("just now", "just now", "1 minute ago", "1 hour ago", "2 hours ago"),
        "2 days ago",
    ]
