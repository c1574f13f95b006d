"""When and where trials were trained is what their records tell, and no more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_page import made_page, made_trials
from trial_records import complete, failed

from nas.report.page.spans import course_of
from nas.report.page.timeline import timeline_section

BEGIN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def trained(trial, begin, seconds, lost=False, **fields):
    """Return a trial trained from so many seconds on, its end in whole seconds."""
    end = (BEGIN + timedelta(seconds=begin + seconds)).replace(microsecond=0)
    fields |= {"seconds": float(seconds), "finished": end.isoformat()}
    record = failed(trial) if lost else complete(trial, 1000, 0.5)
    return replace(record, **fields)


def section(*records):
    return timeline_section(made_page(list(records)))


@given(
    st.lists(
        st.tuples(st.floats(0.01, 30), st.floats(0, 5), st.integers(0, 2)),
        min_size=1,
        max_size=60,
    )
)
def test_there_are_no_more_lanes_than_workers(trials):
    clock, records = [0.0, 0.0, 0.0], []
    for trial, (seconds, idle, worker) in enumerate(trials):
        records.append(trained(trial, clock[worker] + idle, seconds))
        clock[worker] += idle + seconds
    course = course_of(records)
    assert len(course.lanes) <= len({worker for *_, worker in trials})
    assert sorted(s.record.trial for s in course.spans) == list(range(len(trials)))
    for lane in range(len(course.lanes)):
        own = [span for span in course.spans if span.lane == lane]
        for earlier, later in pairwise(own):
            assert later.begin >= earlier.end - 1.001
    for span in course.spans:
        assert span.end - span.begin == pytest.approx(span.record.seconds, abs=1e-5)


def test_trainings_at_once_and_other_devices_have_lanes_of_their_own():
    course = course_of(
        [
            trained(0, 0, 10, device="cuda:0"),
            trained(1, 5, 10, device="cuda:0"),
            trained(2, 12, 10, device="cuda:0"),
            trained(3, 30, 5, device="cuda:1"),
        ]
    )
    assert course.lanes == (("cuda:0", False), ("cuda:0", False), ("cuda:1", False))
    assert [span.lane for span in course.spans] == [0, 1, 0, 2]
    assert course.seconds == 35


def test_a_night_between_two_sessions_is_left_out():
    night = 10 * 3600
    course = course_of(
        [trained(0, 0, 100), trained(1, night, 100), trained(2, night + 110, 50)]
    )
    assert [(span.begin, span.end) for span in course.spans] == [
        (0, 100),
        (100, 200),
        (210, 260),
    ]
    (gap,) = course.gaps
    assert (gap.at, gap.seconds) == (100, night - 100)
    page = section(trained(0, 0, 100), trained(1, night, 100))
    assert (
        "Left out, at the dotted line: 1 time without any training, 9.97" in page.html
    )
    (line,) = page.figures[0].layout["shapes"]
    assert line["x0"] == pytest.approx(100 / 60, abs=1e-4)


def test_of_a_training_in_parts_only_the_end_is_told():
    paused = trained(0, 60, 50, standings=((1, 0.4), (3, 0.6)))
    stopped = trained(1, 0, 20, status="stopped", accuracy=None, standings=((1, 0.3),))
    course = course_of([paused, stopped])
    parts = {
        span.record.trial: (span.parts, span.begin, span.end) for span in course.spans
    }
    assert parts == {0: (3, 110, 110), 1: (1, 0, 20)}
    assert course.lanes == (("cpu", False), ("cpu", True))
    page = section(paused, stopped)
    assert "only the time that these took together is known" in page.html
    dots = {
        trace["name"]: trace
        for trace in page.figures[0].data
        if trace["type"] == "scatter"
    }
    assert dots["complete in the search"]["customdata"] == [0]


def test_ends_that_cannot_be_read_are_left_out_and_counted():
    naive = replace(trained(1, 0, 10), finished="2026-01-02T03:04:15")
    course = course_of([replace(trained(0, 0, 10), finished="yesterday"), naive])
    assert ([span.record.trial for span in course.spans], course.undated) == ([1], 1)
    assert section(replace(naive, finished="")) is None
    assert (
        "Left out: 1 trial of unknown time"
        in section(naive, replace(naive, trial=2, finished="")).html
    )


def test_bars_go_from_beginning_to_end_and_failures_have_marks():
    page = section(
        trained(0, 0, 60),
        trained(1, 60, 120, arm="random"),
        trained(2, 180, 30, lost=True, attempts=2),
        trained(3, 210, 90, status="stopped", accuracy=None, standings=((1, 0.3),)),
    )
    (figure,) = page.figures
    bars = {t["name"]: t for t in figure.data if t["type"] == "bar"}
    told = {
        name: (t["customdata"], t["base"], t["x"], t["y"]) for name, t in bars.items()
    }
    assert told == {
        "complete in the search": ([0], [0], [1], [0]),
        "complete in random search": ([1], [1], [2], [0]),
        "stopped early": ([3], [3.5], [1.5], [0]),
        "failed": ([2], [3], [0.5], [0]),
    }
    assert len({t["marker"]["pattern"]["shape"] for t in bars.values()}) == 4
    marks = {t["name"]: t for t in figure.data if t["type"] == "scatter"}
    assert marks["failed"]["x"] == [3.5]
    assert marks["failed"]["marker"]["symbol"] == "x"
    assert marks["trained again after a failure"]["customdata"] == [2]
    assert figure.words == (
        "4 trials in 5\N{NO-BREAK SPACE}min: 1 complete in the search, 1 complete in "
        "random search, 1 stopped early, 1 failed. One network at a time was in "
        "training, 100 % of the time."
    )
    assert figure.layout["xaxis"]["title"]["text"].startswith("minutes")


def test_many_trials_are_counted_over_time():
    records = made_trials(1000)
    (figure,) = timeline_section(made_page(records)).figures
    counts = {trace["name"]: sum(trace["y"]) for trace in figure.data}
    complete_in = {
        arm: sum(r.arm == arm and r.status == "complete" for r in records)
        for arm in ("search", "random")
    }
    assert counts == {
        "complete in the search": complete_in["search"],
        "complete in random search": complete_in["random"],
        "failed": sum(record.status == "failed" for record in records),
    }
    assert all(len(trace["y"]) == 60 for trace in figure.data)
