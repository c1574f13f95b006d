from dataclasses import replace
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.stats import ttest_ind
from trial_records import complete, failed

from nas.noise import Repeat
from nas.report import COSTS, Reference, Side, draw_versus, summarize, versus
from nas.report.bands import size_bands
from nas.report.duel import half_of_difference
from nas.report.judged import repeat_facts
from nas.report.versus import after_epochs, after_trials, shared_reference

AT = Reference(accuracy=0.0, most=16_000, name="no accuracy, twice the budget")
BANDS = size_bands(1_000, 8_000)


def side(
    name,
    *records,
    repeats=None,
    reference=AT,
    costs=(COSTS["params"],),
    max_params=8_000,
):
    return Side(
        name=name,
        path=f"/runs/{name}",
        max_params=max_params,
        records=records,
        repeats=repeats or {},
        reference=reference,
        costs=costs,
    )


def repeats(trial, *accuracies):
    return {
        trial: [
            Repeat(
                trial=trial,
                number=number,
                status="complete",
                seconds=1.0,
                accuracy=accuracy,
                loss=0.1,
                curve=(accuracy,),
                seed=number,
                device="cpu",
                error=None,
                reason=None,
                batch_size=None,
                finished="2026-01-02T03:04:05+00:00",
            )
            for number, accuracy in enumerate(accuracies, 2)
        ]
    }


def test_both_are_measured_from_the_worse_of_both_points():
    linear = Reference(accuracy=0.9, most=10_000, name="a linear model, twice x")
    guess = Reference(accuracy=0.1, most=8_000, name="guessing, twice x")
    found = shared_reference([side("a", reference=linear), side("b", reference=guess)])
    assert (found.accuracy, found.most) == (0.1, 10_000)
    assert found.name == "guessing, twice x of the run where that is more"
    same = shared_reference([side("a"), side("b")])
    assert same == AT


def test_hypervolumes_by_hand():
    one = side("one", complete(0, 1_000, 0.5), complete(1, 4_000, 0.75))
    two = side("two", complete(0, 2_000, 0.5))
    found = versus([one, two], BANDS)
    assert (found.trials, found.epochs) == (1, 2)
    assert after_trials(found.courses[0], 2) == pytest.approx(
        0.5 * log(16) + 0.25 * log(4)
    )
    (duel,) = found.duels
    assert duel.ours == pytest.approx(0.5 * log(16))
    assert duel.theirs == pytest.approx(0.5 * log(8))


def test_of_a_single_reference_they_are_those_of_the_runs_own_reports():
    records = [complete(i, 1_000 * (i + 1), 0.5 + 0.05 * i) for i in range(6)]
    found = versus([side("a", *records), side("b", *records[:3])], BANDS)
    for own, steps in zip(found.sides, found.courses, strict=True):
        alone = summarize(list(own.records), AT, {}, None)
        assert steps == alone.arms["search"].steps
        assert own.front == alone.front


def test_who_beats_whom():
    ours = [complete(0, 1_000, 0.5), complete(1, 2_000, 0.75), complete(2, 4_000, 0.8)]
    theirs = [complete(7, 1_000, 0.5), complete(8, 1_900, 0.75), failed(9)]
    one, two = side("one", *ours), side("two", *theirs)
    found = versus([one, two], BANDS)
    assert found.beaten(one, ours[0]) is None  # as good, and no larger
    assert found.beaten(one, ours[1]) == (two, 8)
    assert found.beaten(one, ours[2]) is None
    assert [found.beaten(two, r) for r in two.front] == [None, None]
    data = found.to_json()
    assert [row["beaten_by"] for row in data["runs"][0]["front"]] == [
        *(None, {"name": "two", "trial": 8}, None)
    ]
    assert data["runs"][1]["failed"] == 1


def test_at_each_size_the_best_of_at_most_that_size_counts():
    one = side("one", complete(0, 1_500, 0.5), complete(1, 4_000, 0.75))
    two = side("two", complete(0, 3_000, 0.6))
    (duel,) = versus([one, two], BANDS).duels
    assert [gap.most for gap in duel.gaps] == [1_700, 2_800, 4_800, 8_000]
    rows = [
        (gap.ours and gap.ours.trial, gap.theirs and gap.theirs.trial, gap.difference)
        for gap in duel.gaps
    ]
    assert rows[:2] == [(0, None, None)] * 2
    assert rows[2:] == [(1, 0, pytest.approx(0.15))] * 2


def test_repeated_networks_stand_with_their_mean_and_have_an_interval():
    ours, theirs = (0.70, 0.72, 0.77), (0.60, 0.66)
    one = side("one", complete(0, 1_500, 0.9), repeats=repeats(0, *ours))
    two = side("two", complete(3, 1_500, 0.8), repeats=repeats(3, *theirs))
    gap = versus([one, two], BANDS).duels[0].gaps[0]
    assert gap.difference == pytest.approx(0.73 - 0.63)
    welch = ttest_ind(ours, theirs, equal_var=False).confidence_interval()
    data = gap.to_json()
    assert (data["low"], data["high"]) == pytest.approx((welch.low, welch.high))


@pytest.mark.parametrize("theirs", [(), (0.6,), (0.6, 0.6)])
def test_without_two_repeats_that_differ_there_is_no_interval(theirs):
    ours = repeat_facts(repeats(0, 0.7, 0.8)[0])
    other = repeat_facts(repeats(0, *theirs)[0])
    assert half_of_difference(ours, other) is None
    assert half_of_difference(other, ours) is None


def test_better_searches_are_told_from_worse_ones_and_equal_ones_are_not():
    good = side("good", *(complete(i, 1_500 + i, 0.8 + i / 500) for i in range(12)))
    bad = side("bad", *(complete(i, 1_500 + i, 0.3 + i / 500) for i in range(12)))
    verdict = versus([bad, good], BANDS).duels[0].verdict
    assert "good is ahead of bad by more than chance explains" in verdict
    assert "after 12 trials each" in verdict
    same = versus([good, replace(good, name="same")], BANDS).duels[0]
    assert same.chance == 1.0
    assert "good and same cannot be told apart" in same.verdict


def test_trainings_of_other_lengths_are_compared_after_as_many_epochs():
    long = side("long", *(complete(i, 2_000, 0.5, curve=(0.1,) * 4) for i in range(2)))
    short = side(
        "short",
        *(complete(i, 2_000, 0.2 + 0.1 * i, curve=(0.1,) * 2) for i in range(5)),
    )
    found = versus([long, short], BANDS)
    (duel,) = found.duels
    assert (found.trials, found.epochs) == (2, 8)
    assert duel.chance is None
    assert duel.theirs == after_epochs(found.courses[1], 8)
    assert duel.theirs == after_trials(found.courses[1], 4)
    assert duel.verdict.startswith("After 8 epochs each: ")


def test_a_run_without_any_trial():
    found = versus([side("one", complete(0, 1_500, 0.5)), side("none")], BANDS)
    assert found.trials == found.epochs == 0
    assert found.duels[0].verdict == (
        "Nothing to compare yet: no trial of none has come to its end."
    )
    assert [row["hypervolume"] > 0 for row in found.to_json()["runs"]] == [True, False]


def test_a_pair_is_compared_as_if_there_were_no_other_run():
    good, bad = (
        side(name, *(complete(i, 1_500 + i, at + i / 500) for i in range(12)))
        for name, at in (("good", 0.8), ("bad", 0.3))
    )
    short = side("short", complete(0, 2_000, 0.5, curve=(0.1,) * 7))
    (alone,) = versus([good, bad], BANDS).duels
    found = versus([good, bad, short, side("none")], BANDS)
    assert found.duels[0] == alone
    assert alone.chance is not None
    assert alone.chance < 0.05
    assert found.duels[1].chance is None
    assert found.duels[1].verdict.startswith("After 7 epochs each: ")
    assert "no trial of none" in found.duels[2].verdict


points = st.lists(
    st.tuples(st.integers(1_000, 15_000), st.floats(0, 1)), min_size=1, max_size=8
)


@given(points, points)
def test_a_front_that_nobody_beats_has_at_least_the_hypervolume(one, two):
    sides = [
        side(name, *(complete(i, size, at) for i, (size, at) in enumerate(some)))
        for name, some in (("one", one), ("two", two))
    ]
    found = versus(sides, BANDS)
    areas = [after_trials(steps, len(steps)) for steps in found.courses]
    both = side("both", *sides[0].records, *sides[1].records)
    for own, area, other in zip(sides, areas, reversed(areas), strict=True):
        free = [r for r in own.front if found.beaten(own, r) is None]
        assert len(free) > 0 or other >= area
    beaten_all = all(found.beaten(sides[0], r) for r in sides[0].front)
    if beaten_all:
        assert {r.params for r in both.front} <= {r.params for r in sides[1].front}


@pytest.mark.filterwarnings("ignore:Glyph")
def test_the_picture_has_a_line_for_each_run(tmp_path):
    names = ["a", "$x_1$ <b>\N{ROCKET}\n", "none", "d", "e", "x" * 300]
    sides = [
        side(name, *(complete(i, 1_000 * (i + n + 1), 0.5 + i / 20) for i in range(3)))
        for n, name in enumerate(names)
    ]
    sides[2] = side("none", failed(0))
    path = tmp_path / "versus.png"
    draw_versus(versus(sides, BANDS), path, title="$ and \n")
    with Image.open(path) as picture:
        assert picture.size == (1500, 1000)
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20)}
    for colour in ("0072B2", "D55E00", "CC79A7", "E69F00", "56B4E9"):
        assert tuple(bytes.fromhex(colour)) in colours


def test_a_front_ends_at_its_budget_where_another_run_has_a_larger_one(tmp_path):
    def last_column(budget):
        small = side("small", complete(0, 2_000, 0.5), max_params=budget)
        large = side("large", complete(0, 2_000, 0.6), complete(1, 60_000, 0.7))
        large = replace(large, max_params=64_000)
        path = tmp_path / "versus.png"
        draw_versus(versus([small, large], BANDS), path, title="")
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB"))[:850]  # without the legend
        (columns,) = np.nonzero(
            (pixels == tuple(bytes.fromhex("0072B2"))).all(2).any(0)
        )
        return columns.max()

    assert last_column(8_000) < 1_000 < last_column(64_000)
