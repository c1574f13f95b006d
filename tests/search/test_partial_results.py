"""Trainings that were stopped teach the sampler, as what they are."""

import math

import numpy as np
import optuna
import pytest
from made_run import bound, record
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState

from nas.search import SizeAwareSampler
from nas.search.samplers.partial import lifted, stopped_trial, tell_stopped
from nas.search.study import Proposer

OPS = {f"op{i}": CategoricalDistribution(("none", "small", "large")) for i in range(6)}
GAIN = {"none": 0, "small": 1, "large": 2}


def size(params) -> float:
    return 100 + sum(50 * GAIN[value] ** 2 for value in params.values())


def accuracy(params, fidelity: float = 1.0) -> float:
    """Return an accuracy to which odd genes add nothing, and the less the shorter."""
    merit = sum(GAIN[params[f"op{i}"]] for i in (0, 2, 4))
    return (1 - math.exp(-0.4 * merit - 0.2)) * (0.3 + 0.7 * fidelity)


def key(error: float) -> bytes:
    return np.array([error]).tobytes()


class TestLifted:
    def test_the_change_seen_by_those_that_went_on_is_everybodys(self):
        names = {n: key(n) for n in b"abcde"}
        a, b, c, d, e = names.values()
        partial = {
            a: {0.1: 0.2, 0.3: 0.6},
            b: {0.1: 0.3, 0.3: 0.7},
            c: {0.1: 0.4, 0.3: 0.8},
            d: {0.1: 0.1},
            e: {0.1: 0.2},
        }
        whole = {a: math.log(0.1)}
        found = lifted(whole, partial)
        assert set(found) == {b, c, d, e}
        to_end = math.log(0.1) - math.log(0.4)
        from_start = sorted(
            math.log(after) - math.log(before)
            for before, after in ((0.8, 0.4), (0.7, 0.3), (0.6, 0.2))
        )[1]
        assert found[b] == pytest.approx((math.log(0.3) + to_end, math.log(1 / 0.3)))
        assert found[d] == pytest.approx(
            (math.log(0.9) + from_start + to_end, math.log(10))
        )
        # Of equal accuracy at the same epochs, so of equal promise.
        assert found[e][0] == pytest.approx(math.log(0.8) + from_start + to_end)

    def test_without_anybody_who_went_on_the_medians_meet(self):
        a, b, c = (key(n) for n in range(3))
        found = lifted({a: -2.0}, {b: {0.5: 0.2}, c: {0.5: 0.6}})
        assert (found[b][0] + found[c][0]) / 2 == pytest.approx(-2.0)
        assert found[c][0] < found[b][0]

    def test_partial_results_alone_keep_their_order(self):
        a, b = key(0), key(1)
        found = lifted({}, {a: {0.1: 0.2, 0.5: 0.8}, b: {0.1: 0.3}})
        assert found[a][0] == pytest.approx(math.log(0.2))
        assert found[b][0] < found[a][0]


def search(stopped: int, whole: int, seed: int) -> list[dict]:
    """Tell some short trainings, then search; return what was proposed after them."""
    study = optuna.create_study(
        directions=["maximize", "minimize"],
        sampler=SizeAwareSampler(OPS, size, seed=seed),
    )
    proposed = []
    for number in range(stopped + whole):
        trial = study.ask(OPS)
        if number < stopped:
            tell_stopped(study, trial, 0.2, accuracy(trial.params, 0.2))
        else:
            proposed.append(dict(trial.params))
            study.tell(trial, [accuracy(trial.params), size(trial.params)])
    return proposed


def on_true_front(params) -> bool:
    """Tell whether nothing is spent on the genes that add nothing."""
    return all(params[f"op{i}"] == "none" for i in (1, 3, 5))


def test_short_trainings_show_where_the_front_is():
    taught = sum(on_true_front(p) for s in range(4) for p in search(30, 8, s))
    alone = sum(on_true_front(p) for s in range(4) for p in search(0, 8, s))
    # Eight whole trainings are not enough to learn that three of six genes are idle.
    assert taught > alone + 4


def test_what_was_stopped_is_not_proposed_again():
    study = optuna.create_study(
        directions=["maximize", "minimize"], sampler=SizeAwareSampler(OPS, size, seed=0)
    )
    params = []
    for _ in range(30):
        trial = study.ask(OPS)
        params.append(tuple(trial.params.items()))
        tell_stopped(study, trial, 0.3, 0.5)
    assert len(set(params)) == 30


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"fidelity": 0.5},
        {"fidelity": 1.5, "accuracy": 0.5},
        {"fidelity": 0.5, "accuracy": math.nan},
        {"fidelity": "half", "accuracy": 0.5},
    ],
    ids=str,
)
def test_other_pruned_trials_are_as_before(attributes):
    study = optuna.create_study(
        directions=["maximize", "minimize"], sampler=SizeAwareSampler(OPS, size, seed=0)
    )
    for number in range(20):
        trial = study.ask(OPS)
        if number % 4 == 0:
            for name, value in attributes.items():
                trial.set_user_attr(name, value)
            study.tell(trial, state=TrialState.PRUNED)
        else:
            study.tell(trial, [accuracy(trial.params), size(trial.params)])
    sampler = study.sampler
    assert not sampler._history.partial
    assert len(sampler._history.failed) == 5


def test_a_trial_to_add_says_the_same_as_one_that_was_asked_for():
    study = optuna.create_study(directions=["maximize", "minimize"])
    trial = study.ask(OPS)
    tell_stopped(study, trial, 0.25, 0.75)
    study.add_trial(stopped_trial(trial.params, OPS, 0.25, 0.75))
    one, two = study.trials
    assert (one.state, one.params, one.user_attrs) == (
        two.state,
        two.params,
        two.user_attrs,
    )


@pytest.mark.parametrize("sampler", ["size-aware", "tpe", "nsga2", "local", "random"])
def test_a_proposer_takes_stops_and_what_came_of_them(sampler):
    space = bound()
    proposer = Proposer(space, sampler, seed=0, epochs=9)
    records = []
    for number in range(24):
        architecture = proposer.propose()
        whole = record(number, architecture, 0.5 + number / 100)
        curve = tuple(n / 20 for n in range(1, 10))
        for stop, standings in ((1, ((1, 0.1),)), (3, ((1, 0.1), (3, 0.2)))):
            stopped = vars(whole) | {"status": "stopped", "accuracy": None}
            stopped |= {"curve": curve[:stop], "standings": standings}
            stopped.pop("hash", None)
            if number % 2 == 0 or stop == 1:
                records.append(type(whole)(**stopped))
                proposer.tell(records[-1])
        if number % 4 == 0:
            values = vars(whole) | {"curve": curve, "standings": ((1, 0.1), (3, 0.2))}
            values.pop("hash", None)
            records.append(type(whole)(**values))
            proposer.tell(records[-1])
    assert len({r.hash for r in records}) == 24
    states = [t.state for t in proposer.study.trials]
    assert states.count(TrialState.RUNNING) == 0
    again = Proposer(
        space, sampler, 0, {r.trial: r for r in records}.values(), epochs=9
    )
    if sampler != "random":
        assert states.count(TrialState.COMPLETE) == 6
        assert states.count(TrialState.PRUNED) == 24 + 12

        def told(proposer: Proposer) -> set:
            return {
                (t.state, tuple(t.params.items()), tuple(t.user_attrs.items()))
                for t in proposer.study.trials
                if t.state != TrialState.FAIL
            }

        assert told(again) == told(proposer)
    assert again.propose() is not None
