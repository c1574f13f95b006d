"""TensorBoard shows a search that was really run, or one of before there was that."""

import shutil

import pytest
from shown_events import Shown

from nas.run import Run


@pytest.fixture
def copied(finished, folder):
    return shutil.copytree(finished, folder / "run")


def test_a_search_leaves_events_that_agree_with_its_report(finished):
    shown = Shown(finished / "search")
    assert shown.steps("trials/finished") == [1, 2, 3]
    run = Run(finished)
    best = shown.values("best_accuracy/of all sizes")[-1]
    assert best == pytest.approx(run.best().accuracy)
    assert list(shown.pictures("front")) == [3]
    assert "| 8000 |" in shown.text("about")
    for record in run.front:
        curve = shown.values(f"front/trial {record.trial}")
        assert curve == pytest.approx(record.curve)


def test_a_run_of_before_gets_its_events_from_a_report(nas, finished, copied):
    shutil.rmtree(copied / "search")
    assert nas("report", copied).code == 0
    made, expected = Shown(copied / "search"), Shown(finished / "search")
    assert made.curves.keys() >= {"hypervolume", "by_epochs/best_accuracy"}
    # A trial that has left the front has a curve only where it was seen to join.
    assert made.curves.items() <= expected.curves.items()
    assert made.charts == expected.charts


def test_a_report_warns_of_events_that_cannot_be_written(nas, copied):
    shutil.rmtree(copied / "search")
    (copied / "search").touch()
    outcome = nas("report", copied, "--json")
    assert outcome.code == 0
    assert outcome.err == (
        f"warning: {copied}: TensorBoard shows nothing of the search: File exists\n"
    )


def test_a_report_leaves_events_to_a_search_that_runs(nas, copied):
    (file,) = (copied / "search").glob("events*")
    with Run(copied).folder.owned():
        assert nas("report", copied).code == 0
    assert list((copied / "search").glob("events*")) == [file]


def test_a_search_that_goes_on_has_no_point_twice(nas, copied):
    assert nas("resume", copied, "--trials", 5, "--workers", 0).code == 0
    shown = Shown(copied / "search")
    assert shown.steps("trials/finished") == [1, 2, 3, 4, 5]
    assert len(list((copied / "search").glob("events*"))) == 1
    assert list(shown.pictures("front")) == [5]
