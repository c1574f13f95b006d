"""Hypervolume over the log of size, and what one search beside another establishes."""

from math import e, exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trial_records import complete, failed

from nas.report import compare, reference_point
from nas.report.hypervolume import Reference, course, dominated, hypervolume

AT = Reference(accuracy=0.5, most=e**10, name="for the test")
BASELINES = {
    "majority": {"accuracy": 0.1, "balanced_accuracy": 0.08},
    "linear": {"accuracy": 0.9, "balanced_accuracy": 0.85},
}


def test_one_point_makes_a_rectangle():
    assert hypervolume([(0.75, e**6)], 0.5, e**10) == pytest.approx(0.25 * 4)


def test_two_steps_add_up():
    points = [(0.75, e**6), (1.0, e**8)]
    assert hypervolume(points, 0.5, e**10) == pytest.approx(0.25 * 2 + 0.5 * 2)


@pytest.mark.parametrize(
    "point", [(0.5, 10.0), (0.4, 10.0), (0.9, e**10), (0.9, e**11)]
)
def test_what_does_not_pass_the_reference_adds_nothing(point):
    assert hypervolume([point], 0.5, e**10) == 0


def test_nothing_has_no_area():
    assert hypervolume([], 0.5, 1000.0) == 0


points = st.lists(
    st.tuples(st.floats(0.0, 1.0), st.floats(1.0, 1e6)), min_size=0, max_size=12
)


@given(points)
def test_it_is_the_area_that_is_drawn_into(given_points):
    """Compare with counting cells of a fine grid."""
    xs = (np.arange(400) + 0.5) / 400 * log(1e5)
    best = [max([a for a, s in given_points if log(s) <= x], default=0.0) for x in xs]
    expected = np.mean(np.maximum(np.array(best) - 0.25, 0)) * log(1e5)
    found = hypervolume(given_points, 0.25, 1e5)
    assert found == pytest.approx(expected, abs=12 * log(1e5) / 400)


@given(points, st.tuples(st.floats(0.0, 1.0), st.floats(1.0, 1e6)))
def test_another_point_never_takes_away(given_points, another):
    before = hypervolume(given_points, 0.25, 1e5)
    assert hypervolume([*given_points, another], 0.25, 1e5) >= before - 1e-12


def test_a_course_follows_the_trials_and_ends_at_the_front():
    records = [complete(3, 4000, 0.9), failed(0, curve=(0.1,)), complete(1, 900, 0.7)]
    steps = course(records, AT)
    assert [step.trials for step in steps] == [1, 2, 3]
    assert [step.epochs for step in steps] == [1, 3, 5]
    assert [step.seconds for step in steps] == [2.5, 5.0, 7.5]
    assert steps[0].hypervolume == 0
    assert steps[1].hypervolume == pytest.approx(0.2 * (10 - log(900)))
    assert steps[2].hypervolume == dominated(records, AT)


class TestReference:
    def test_is_a_linear_model_at_twice_the_budget(self):
        found = reference_point(
            [complete(0, 100, 0.95)], {"baselines": BASELINES}, 5000, "accuracy"
        )
        assert (found.accuracy, found.most) == (0.9, 10_000)
        assert found.name == "a linear model's accuracy, twice the budget"

    def test_is_guessing_where_no_trial_beats_the_linear_model(self):
        found = reference_point(
            [complete(0, 100, 0.9), failed(1)],
            {"baselines": BASELINES},
            5000,
            "accuracy",
        )
        assert found.accuracy == 0.1
        assert found.name.startswith("accuracy of guessing")

    def test_is_of_the_kind_that_is_searched_for(self):
        found = reference_point(
            [complete(0, 100, 0.88)], {"baselines": BASELINES}, 5, "balanced-accuracy"
        )
        assert found.accuracy == 0.85

    def test_is_nothing_for_a_run_that_knows_neither(self):
        found = reference_point([complete(0, 100, 0.9)], {}, 5000, "accuracy")
        assert (found.accuracy, found.name) == (0.0, "no accuracy, twice the budget")


def arms(ours, theirs):
    """Return trials of both arms, all of the same size."""
    return [
        *(complete(i, 1000, a) for i, a in enumerate(ours)),
        *(complete(100 + i, 1000, a, arm="random") for i, a in enumerate(theirs)),
    ]


def test_a_trial_that_paused_has_its_result_when_it_ends():
    def at(second: int) -> str:
        return f"2026-01-02T03:04:{second:02}+00:00"

    records = [
        complete(0, 1000, 0.9, finished=at(30)),
        complete(1, 1000, None, status="stopped", curve=(0.2,), finished=at(10)),
        complete(2, 1000, 0.8, finished=at(20)),
    ]
    steps = course(records, AT)
    assert [step.trials for step in steps] == [1, 2, 3]
    assert [step.epochs for step in steps] == [1, 3, 5]
    areas = [step.hypervolume for step in steps]
    assert areas[0] == 0 < areas[1] < areas[2]


class TestCompare:
    def test_without_random_search_there_is_nothing(self):
        assert compare([complete(0, 100, 0.9)], AT) is None
        assert compare([complete(0, 100, 0.9, arm="random")], AT) is None

    def test_a_clear_lead_is_told(self):
        rng = np.random.default_rng(0)
        sizes = np.exp(rng.uniform(5, 9, 60))
        records = [
            complete(
                i,
                int(size),
                0.6 + 0.02 * log(size) + (0.1 if i < 30 else 0.0),
                arm="search" if i < 30 else "random",
            )
            for i, size in enumerate(sizes)
        ]
        found = compare(records, AT)
        assert found.chance < 0.01
        assert found.difference > 0
        assert found.verdict.startswith("The search is ahead of random search by more")
        assert "one search each" in found.verdict
        assert found.caught_up < 30
        swapped = [
            complete(
                r.trial,
                r.params,
                r.accuracy,
                arm="random" if r.arm == "search" else "search",
            )
            for r in records
        ]
        other = compare(swapped, AT)
        assert other.verdict.startswith("Random search is ahead of the search by")
        assert other.difference == pytest.approx(-found.difference)
        assert other.caught_up is None

    def test_the_chance_is_that_of_every_split(self):
        # The best of four decides, and it is in either arm as often.
        found = compare(arms([0.9, 0.7], [0.6, 0.6]), AT)
        # Splits by where 0.9 and 0.7 are: together in 2 of 6, which differ the most.
        assert found.chance == pytest.approx(1 / 3, abs=0.03)
        assert "cannot be told apart" in found.verdict

    def test_equal_arms_are_not_told_apart(self):
        found = compare(arms([0.8, 0.9], [0.9, 0.8]), AT)
        assert (found.difference, found.chance) == (0, 1)
        assert found.verdict.endswith("differ at least as much in 100 % of cases.")
        assert found.caught_up == 2

    def test_failures_count_as_nothing(self):
        records = [
            complete(0, 900, 0.9),
            failed(1),
            failed(2, arm="random"),
            complete(3, 900, float("nan"), arm="random"),
        ]
        found = compare(records, AT)
        assert [step.hypervolume for step in found.random] == [0, 0]
        assert 0 < found.chance <= 1
        assert found.caught_up is None

    def test_trials_of_different_lengths_are_not_shuffled(self):
        records = arms([0.9, 0.8], [0.7, 0.6])
        assert compare(records, AT).chance is not None
        records.append(complete(9, 900, 0.8, curve=(0.8,)))
        found = compare(records, AT)
        assert found.chance is None
        assert found.verdict.startswith("After as many epochs: hypervolume")
        assert "how much of that is chance is not known" in found.verdict

    def test_nothing_over_the_reference_point(self):
        found = compare(arms([0.2], [0.3]), AT)
        assert found.verdict.startswith("Nothing to compare")

    def test_the_test_is_right_about_chance(self):
        """Under equal arms, small chances come as often as they say."""
        rng = np.random.default_rng(1)
        small = 0
        for _ in range(60):
            size = np.exp(rng.uniform(5, 9, 16))
            reached = rng.uniform(0.4, 1.0, 16)
            records = [
                complete(i, int(s), a, arm="search" if i % 2 else "random")
                for i, (s, a) in enumerate(zip(size, reached, strict=True))
            ]
            small += compare(records, AT).chance <= 0.2
        assert 3 <= small <= 24  # 12 expected, with a standard deviation of 3


def test_the_log_is_natural():
    assert hypervolume([(1.0, 1.0)], 0.0, exp(3)) == pytest.approx(3)
