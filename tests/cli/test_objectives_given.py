"""Searches for other objectives from the command line, and what they leave behind."""

import csv
import json

import pytest

from nas.report import COSTS
from nas.run import Run

SMALL = ("--space", "minimal", "--max-params", "8k", "--epochs", "1", "--workers", "0")


def beaten(one, others, costs) -> bool:
    """Tell whether a trial is beaten, by the definition."""

    def point(record):
        return [cost.of(record) for cost in costs] + [-record.accuracy]

    for other in others:
        pairs = list(zip(point(other), point(one), strict=True))
        if all(a <= b for a, b in pairs) and any(a < b for a, b in pairs):
            return True
    return False


@pytest.mark.parametrize(
    ("objectives", "title", "pictures"),
    [
        ("accuracy,macs", "accuracy against MACs", {"front.png"}),
        (
            "macs, accuracy, params",
            "accuracy against MACs and parameters",
            {"front.png", "front-params.png"},
        ),
    ],
)
def test_the_front_is_right_and_the_search_goes_on(
    nas, folder, objectives, title, pictures
):
    trials = ("--trials", "6", "--objectives", objectives)
    outcome = nas("search", *SMALL, *trials, "--run", "r")
    assert outcome.code == 0, outcome.err
    assert title in outcome.out
    assert "parameters, " in outcome.out
    assert " MACs in " in outcome.out
    assert nas("resume", "r", "--trials", "8").code == 0
    names = [name.strip() for name in objectives.split(",")]
    run = Run(folder / "r")
    assert list(run.config.objectives) == names
    costs = [COSTS[name] for name in names if name != "accuracy"]
    records = run.records
    assert len(records) == 8
    expected = {r.trial for r in records if not beaten(r, records, costs)}
    report = folder / "r" / "report"
    with (report / "front.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {int(row["trial"]) for row in rows} == expected
    spent = [float(row[costs[0].name]) for row in rows]
    assert spent == sorted(spent)
    assert {path.name for path in report.glob("*.png")} == pictures
    told = json.loads(nas("report", "r", "--json").out)
    assert told["costs"] == [cost.name for cost in costs]
    assert told["reference"][costs[0].name] > 0


def test_halving_goes_by_the_costs(nas, folder):
    given = ("--trials", "8", "--halving", "--epochs", "3")
    outcome = nas(
        *("search", *SMALL, *given, "--objectives", "accuracy,params,macs"),
        *("--run", "r"),
    )
    assert outcome.code == 0, outcome.err
    assert "the best for their parameters and MACs" in outcome.out
    statuses = {record.status for record in Run(folder / "r").records}
    assert statuses == {"complete", "stopped"}


def test_another_search_takes_over_trials_and_objectives(nas, folder):
    first = ("--trials", "3", "--objectives", "accuracy,macs", "--run", "r")
    assert nas("search", *SMALL, *first).code == 0
    assert nas("search", "--from-run", "r", "--trials", "1", "--run", "s").code == 0
    assert Run(folder / "s").config.objectives == ("accuracy", "macs")
    outcome = nas(
        *("search", "--from-run", "r", "--trials", "1", "--run", "t"),
        *("--objectives", "accuracy,params"),
    )
    assert outcome.code == 0
    assert "3 of 3 complete trials of r taken over" in outcome.out
    assert Run(folder / "t").config.objectives == ("accuracy", "params")
    refused = nas(
        *("search", "--from-run", "r", "--trials", "1", "--run", "u"),
        *("--objectives", "accuracy,latency"),
    )
    assert refused.code == 2
    assert "no trial of r fits: 3 have no latency; leave out --from-run" in refused.err


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["accuracy,mac"], "an unknown name 'mac': did you mean 'macs'?"),
        (["accuracy,macs,macs"], "got 'macs' twice"),
        (["params"], "must have accuracy among them"),
        (["accuracy"], "must name a cost beside accuracy"),
        (["accuracy,"], "must be names with commas between them; got 'accuracy,'"),
        (["accuracy,params,macs", "--sampler", "gp"], "'gp' takes one cost"),
    ],
)
def test_impossible_objectives_take_a_line(nas, folder, given, says):
    outcome = nas("search", "--objectives", *given)
    assert outcome.code == 2
    assert says in outcome.err
    assert outcome.err.count("\n") == 1
    assert list(folder.iterdir()) == []
