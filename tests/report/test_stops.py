"""How far trials came, in counts and in rows."""

import csv

from test_write import report
from trial_records import complete, failed

from nas.records import TrialRecord
from nas.report import describe_stops, epochs_spent
from nas.report.stops import stopped, trial_rows


def early(trial: int, *standings: float, spent: int | None = None) -> TrialRecord:
    """Return a trial that was stopped after 2 or 5 epochs."""
    ends = (2, 5)[: len(standings)]
    return complete(
        trial,
        params=100 + trial,
        accuracy=None,
        status="stopped",
        loss=None,
        curve=(0.1,) * ends[-1],
        standings=tuple(zip(ends, standings, strict=True)),
        epochs_spent=ends[-1] if spent is None else spent,
    )


def whole(trial: int) -> TrialRecord:
    return complete(trial, params=900, accuracy=0.9, curve=(0.9,) * 15)


RECORDS = [early(0, 0.3), whole(1), early(2, 0.4, 0.6), early(3, 0.2), failed(4)]


def test_counts_in_words():
    assert describe_stops(RECORDS, 15) == (
        "1 trained to the end, 2 stopped after 2 of 15 epochs and 1 after 5; "
        "24 epochs in all, and 75 without halving"
    )
    assert describe_stops([whole(0)], 15) == (
        "1 trained to the end; 15 epochs in all, and 15 without halving"
    )
    assert stopped(RECORDS) == {2: 2, 5: 1}


def test_random_search_beside_it_never_pauses_and_is_not_counted():
    beside = complete(9, params=900, accuracy=0.9, curve=(0.9,) * 15, arm="random")
    assert describe_stops([*RECORDS, beside], 15) == describe_stops(RECORDS, 15)


def test_epochs_that_were_trained_twice_count_twice():
    assert epochs_spent([early(0, 0.3, spent=4), whole(1)]) == 19


def test_rows_tell_how_far_everybody_got(tmp_path):
    rows = trial_rows(RECORDS, 15)
    assert [(r.trial, r.status, r.epochs, r.of_epochs) for r in rows] == [
        (0, "stopped", 2, 15),
        (1, "complete", 15, 15),
        (2, "stopped", 5, 15),
        (3, "stopped", 2, 15),
        (4, "failed", 0, 15),
    ]
    assert [r.standing for r in rows] == [0.3, None, 0.6, 0.2, None]
    found = report(RECORDS, tmp_path, epochs=15)
    assert [r.trial for r in found.front] == [1]
    with (tmp_path / "trials.csv").open(newline="") as file:
        assert [row["epochs"] for row in csv.DictReader(file)] == [
            *("2", "15", "5", "2", "0")
        ]


def test_no_table_of_trials_where_nobody_was_stopped(tmp_path):
    report([whole(0), failed(1)], tmp_path, epochs=15)
    assert not (tmp_path / "trials.csv").exists()
