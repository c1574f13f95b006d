import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trial_records import complete, failed

from nas.report import Front, best, pareto_front

NAN, INF = float("nan"), float("inf")


@st.composite
def trials(draw):
    """Few values, so that ties and double dominance are common; some trials fail."""
    outcomes = draw(
        st.lists(
            st.tuples(
                st.integers(1, 6),
                st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0, NAN, INF, None]),
                st.booleans(),
            ),
            max_size=25,
        )
    )
    return [
        failed(i, params=params, accuracy=accuracy)
        if broken
        else complete(i, params, accuracy)
        for i, (params, accuracy, broken) in enumerate(outcomes)
    ]


def by_definition(records):
    """Compare everybody with everybody."""
    able = [
        r
        for r in records
        if r.status == "complete" and r.accuracy in (0.0, 0.1, 0.5, 0.9, 1.0)
    ]

    def beats(a, b):
        as_good = a.params <= b.params and a.accuracy >= b.accuracy
        better = a.params < b.params or a.accuracy > b.accuracy
        return as_good and (better or a.trial < b.trial)

    front = [r for r in able if not any(beats(other, r) for other in able)]
    return sorted(front, key=lambda r: r.params)


@given(trials())
def test_front_is_what_nobody_beats(records):
    assert list(pareto_front(records)) == by_definition(records)


@given(trials(), st.randoms(use_true_random=False))
def test_live_front_agrees_in_any_order_of_insertion(records, rng: random.Random):
    expected = by_definition(records)
    rng.shuffle(records)
    front = Front()
    for i, record in enumerate(records):
        taken = front.insert(record)
        assert taken == (record in by_definition(records[: i + 1]))
    assert list(front) == expected
    assert len(front) == len(expected)
    assert list(Front(records)) == expected


def test_inserting_a_trial_again_changes_nothing():
    front = Front([complete(0, 100, 0.9)])
    assert not front.insert(complete(0, 100, 0.9))
    assert len(front) == 1


def test_of_equal_trials_the_earliest_stays():
    late, early = complete(9, 100, 0.9), complete(2, 100, 0.9)
    assert pareto_front([late, early]) == (early,)
    assert list(Front([late, early])) == [early]


@pytest.mark.parametrize(
    ("max_params", "trial"), [(None, 3), (300, 3), (299, 1), (100, 0), (99, None)]
)
def test_best_is_the_most_accurate_under_a_size(max_params, trial):
    records = [
        complete(0, 100, 0.8),
        complete(1, 200, 0.9),
        complete(2, 250, 0.9),
        complete(3, 300, 0.95),
        failed(4, params=50),
    ]
    found = best(records, max_params)
    assert (found and found.trial) == trial


def test_no_trial_has_no_best():
    assert best([]) is None
    assert pareto_front([failed(0)]) == ()
