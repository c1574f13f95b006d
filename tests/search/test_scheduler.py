"""Decisions of successive halving: by front and room, whatever the order of results."""

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.search.scheduler import (
    Promotion,
    Scheduler,
    Standing,
    beaten_by,
    crowding,
    expected_epochs,
    ranked,
    rung_epochs,
)


@pytest.mark.parametrize(
    ("epochs", "eta", "expected"),
    [
        (15, 3, (2, 5, 15)),
        (15, 2, (2, 4, 8, 15)),
        (15, 4, (4, 15)),
        (200, 3, (22, 67, 200)),
        (27, 3, (3, 9, 27)),
        (3, 3, (1, 3)),
        (2, 3, (1, 2)),
        (2, 2, (1, 2)),
        (1, 3, (1,)),
        (5, 100, (5,)),
    ],
)
def test_rungs(epochs, eta, expected):
    assert rung_epochs(epochs, eta) == expected


def test_expected_epochs():
    # 27 to 2 epochs, 9 of them to 5, 3 of those to 15.
    assert expected_epochs((2, 5, 15), 3, 27) == 27 * 2 + 9 * 3 + 3 * 10
    assert expected_epochs((15,), 3, 10) == 150


def one(trial: int, accuracy: float, params: int) -> Standing:
    return Standing(trial=trial, accuracy=accuracy, costs=(params,))


standings = st.lists(
    st.tuples(st.integers(0, 12).map(lambda n: n / 12), st.integers(1, 12)),
    max_size=30,
).map(lambda found: [one(i, a, p) for i, (a, p) in enumerate(found)])


def beats(a: Standing, b: Standing) -> bool:
    """Tell whether one beats another; of equal ones the earlier."""
    if (a.accuracy, a.costs) == (b.accuracy, b.costs):
        return a.trial < b.trial
    return a.accuracy >= b.accuracy and a.costs <= b.costs


def fronts_by_hand(left: list[Standing]) -> list[set[int]]:
    fronts = []
    while left:
        front = [s for s in left if not any(beats(o, s) for o in left)]
        fronts.append({s.trial for s in front})
        left = [s for s in left if s not in front]
    return fronts


@given(standings)
def test_fronts_come_one_after_the_other(found):
    order = [s.trial for s in ranked(found)]
    assert sorted(order) == sorted(s.trial for s in found)
    for front in fronts_by_hand(found):
        assert set(order[: len(front)]) == front
        order = order[len(front) :]


@given(standings)
def test_beaten_by(found):
    counts = {s.trial: sum(beats(o, s) for o in found) for s in found}
    assert beaten_by(found) == counts


@given(standings, st.randoms())
def test_the_order_of_arrival_does_not_matter(found, rng: random.Random):
    shuffled = list(found)
    rng.shuffle(shuffled)
    assert ranked(shuffled) == ranked(found)


def test_ties_go_to_whoever_has_most_room():
    # On one front: the ends, a crowd at 1,000 parameters, and one alone.
    front = [
        one(0, 0.1, 10),
        one(1, 0.50, 990),
        one(2, 0.51, 1000),
        one(3, 0.52, 1010),
        one(4, 0.8, 20_000),
        one(5, 0.9, 100_000),
    ]
    assert [s.trial for s in ranked(front)] == [5, 0, 1, 4, 3, 2]


def test_room_is_measured_in_the_log_of_size():
    points = [(0.1, math.log(10)), (0.5, math.log(100)), (0.9, math.log(1000))]
    assert crowding(points) == [math.inf, pytest.approx(2.0), math.inf]
    # In the size itself the second would be the closer to its neighbours.
    few = [one(i, 0.1 * i, 10 * 10**i) for i in range(5)]
    assert [s.trial for s in ranked(few)][:2] == [4, 0]


def run_through(
    scheduler: Scheduler,
    found: list[Standing],
    rng: random.Random,
    *,
    workers: int,
    before: Sequence[Standing] = (),
) -> list[Promotion]:
    """Train all of them by a schedule, some at once; return every promotion."""
    rungs, promotions = scheduler.rungs, []
    left = list(found)
    running: list[tuple[Standing, int]] = []
    by_trial = {s.trial: s for s in [*before, *found]}
    while True:
        while len(running) < workers:
            promotion = scheduler.promotion()
            if promotion is not None:
                scheduler.promoted(promotion.trial, promotion.epochs)
                promotions.append(promotion)
                running.append((by_trial[promotion.trial], promotion.epochs))
            elif left:
                running.append((left.pop(0), rungs[0]))
            else:
                break
        if not running:
            return promotions
        standing, epochs = running.pop(rng.randrange(len(running)))
        reached = {rung: standing.accuracy for rung in rungs if rung <= epochs}
        scheduler.take_in(standing.trial, standing.costs, reached)


@given(standings, st.integers(2, 4), st.integers(1, 5), st.randoms())
def test_whoever_goes_on_went_through_every_rung_once(found, eta, workers, rng):
    scheduler = Scheduler((1, 4, 9), eta)
    promotions = run_through(scheduler, found, rng, workers=workers)
    assert len({(p.trial, p.epochs) for p in promotions}) == len(promotions)
    to_second = [p.trial for p in promotions if p.epochs == 4]
    to_last = [p.trial for p in promotions if p.epochs == 9]
    assert set(to_last) <= set(to_second)
    # All that deserve it at the end went on; who went on earlier stays where it is.
    deserving = {s.trial for s in ranked(found)[: len(found) // eta]}
    assert deserving <= set(to_second)
    second = [s for s in found if s.trial in to_second]
    assert {s.trial for s in ranked(second)[: len(second) // eta]} <= set(to_last)


@given(standings, st.randoms())
def test_a_schedule_made_anew_decides_as_the_old_one(found, rng):
    old = Scheduler((1, 3), 3)
    gone = []
    for standing in found:
        old.take_in(standing.trial, standing.costs, {1: standing.accuracy})
        if rng.random() < 0.5 and (promotion := old.promotion()) is not None:
            old.promoted(promotion.trial, promotion.epochs)
            gone.append(promotion.trial)
    new = Scheduler((1, 3), 3)
    shuffled = list(found)
    rng.shuffle(shuffled)
    for standing in shuffled:
        new.take_in(standing.trial, standing.costs, {1: standing.accuracy})
    for trial in gone:
        new.promoted(trial, 3)
    while (promotion := old.promotion()) is not None:
        assert new.promotion() == promotion
        for scheduler in (old, new):
            scheduler.promoted(promotion.trial, promotion.epochs)
    assert new.promotion() is None


@given(standings, standings, st.integers(2, 4), st.randoms())
def test_the_hopeless_are_never_promoted(now, later, eta, rng):
    scheduler = Scheduler((1, 4, 9), eta)
    run_through(scheduler, now, rng, workers=2)
    hopeless = scheduler.hopeless(len(later))
    more = [one(100 + s.trial, s.accuracy, *s.costs) for s in later]
    promotions = run_through(scheduler, more, rng, workers=2, before=now)
    assert not {p.trial for p in promotions} & hopeless


def test_with_nothing_to_come_nobody_has_hope():
    scheduler = Scheduler((1, 3), 3)
    found = [one(i, i / 10, 10 + i) for i in range(7)]
    promotions = run_through(scheduler, found, random.Random(0), workers=1)
    assert len(promotions) >= 2
    gone = {p.trial for p in promotions}
    assert scheduler.hopeless(0) == {s.trial for s in found} - gone
    # Nobody beats any of them, so with more to come each may yet go on.
    assert scheduler.hopeless(10) == set()


def test_the_highest_rung_goes_first():
    scheduler = Scheduler((1, 3, 9), 2)
    for trial in range(2):
        scheduler.take_in(
            trial, (10 + trial,), {1: 0.5 + trial / 10, 3: 0.6 + trial / 10}
        )
    for trial in (2, 3):
        scheduler.take_in(trial, (10,), {1: 0.1})
    assert scheduler.promotion() == Promotion(trial=1, epochs=9)


def test_a_failure_makes_room_for_the_next():
    scheduler = Scheduler((1, 3), 3)
    for trial in range(4):
        scheduler.take_in(trial, (10 + trial,), {1: 0.5 - trial / 10})
    assert scheduler.promotion() == Promotion(trial=0, epochs=3)
    scheduler.promoted(0, 3)
    assert scheduler.promotion() is None
    scheduler.failed(0)
    assert scheduler.promotion() == Promotion(trial=1, epochs=3)


def test_no_number_is_the_worst():
    scheduler = Scheduler((1, 3), 3)
    for trial, accuracy in enumerate([math.nan, 0.2, math.nan]):
        scheduler.take_in(trial, (10,), {1: accuracy})
    assert scheduler.promotion() == Promotion(trial=1, epochs=3)


def test_the_best_of_too_few_can_be_asked_for():
    scheduler = Scheduler((1, 3, 9), 3)
    assert scheduler.best_paused() is None
    scheduler.take_in(0, (10,), {1: 0.5})
    scheduler.take_in(1, (10,), {1: 0.7})
    assert scheduler.promotion() is None
    assert scheduler.best_paused() == Promotion(trial=1, epochs=3)
    scheduler.take_in(1, (10,), {1: 0.7, 3: 0.8})
    assert scheduler.best_paused() == Promotion(trial=1, epochs=9)


def test_all_equal_go_on_by_their_numbers():
    scheduler = Scheduler((1, 3), 2)
    for trial in (3, 1, 2, 0):
        scheduler.take_in(trial, (10,), {1: 0.5})
    went = []
    while (promotion := scheduler.promotion()) is not None:
        scheduler.promoted(promotion.trial, promotion.epochs)
        went.append(promotion.trial)
    assert went == [0, 1]
