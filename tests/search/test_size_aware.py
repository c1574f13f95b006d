"""The size-aware sampler by itself, in studies of functions that cost nothing."""

import math
import pickle

import numpy as np
import optuna
import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState

from nas.errors import DoesNotFit
from nas.search import SizeAwareSampler
from nas.search.samplers.promising import Promising
from nas.search.samplers.rows import RowSampler

optuna.logging.set_verbosity(optuna.logging.ERROR)

OPS = {f"op{i}": CategoricalDistribution(("none", "small", "large")) for i in range(6)}
WEIGHT = {"none": 0, "small": 3, "large": 10}
MERIT = {"none": 0.0, "small": 0.3, "large": 0.45}


def size(params) -> float:
    return 5 + sum((i + 1) * WEIGHT[params[f"op{i}"]] for i in range(6))


def accuracy(params) -> float:
    return 1 - math.exp(-sum(MERIT[params[f"op{i}"]] * (1 - i / 9) for i in range(6)))


def study_of(space, size_of, seed=0, **hooks) -> optuna.Study:
    return optuna.create_study(
        directions=["maximize", "minimize"],
        sampler=SizeAwareSampler(space, size_of, seed, **hooks),
    )


def run(study, space, number, accuracy_of=accuracy, size_of=size):
    """Ask and tell; return the parameter sets."""
    asked = []
    for _ in range(number):
        trial = study.ask(space)
        asked.append(trial.params)
        study.tell(trial, [accuracy_of(trial.params), size_of(trial.params)])
    return asked


def keys(asked) -> list[tuple]:
    return [tuple(sorted(params.items())) for params in asked]


def area(asked) -> float:
    """The area that parameter sets cover, over the log of size."""
    total, best, begin = 0.0, 0.0, 0.0
    end = math.log(size(dict.fromkeys(OPS, "large")))
    for params in sorted(asked, key=lambda p: (size(p), -accuracy(p))):
        if accuracy(params) > best:
            total += best * max(math.log(size(params)) - begin, 0)
            best, begin = accuracy(params), math.log(size(params))
    return total + best * (end - begin)


def test_it_finds_more_of_the_front_than_random_search():
    for seed in range(3):
        ours = run(study_of(OPS, size, seed), OPS, 40)
        blind = optuna.create_study(
            directions=["maximize", "minimize"],
            sampler=optuna.samplers.RandomSampler(seed=seed),
        )
        assert area(ours) > area(run(blind, OPS, 80))


def test_nothing_comes_twice_and_the_seed_decides():
    asked = keys(run(study_of(OPS, size, seed=1), OPS, 60))
    assert len(set(asked)) == 60
    assert asked == keys(run(study_of(OPS, size, seed=1), OPS, 60))
    assert asked != keys(run(study_of(OPS, size, seed=2), OPS, 60))


def test_the_corners_come_first():
    asked = run(study_of(OPS, size), OPS, 2)
    assert sorted(map(size, asked)) == [5, size(dict.fromkeys(OPS, "large"))]


def test_genes_that_exclude_each_other_are_tried_once():
    space = {
        "kind": CategoricalDistribution(("sum", "concat")),
        "growth": IntDistribution(1, 5),
        "kernel": CategoricalDistribution((3, 5)),
    }

    def size_of(params) -> float:
        if params["kind"] == "sum":
            return params["kernel"]
        return 2 * params["growth"]

    study = study_of(space, size_of)

    def objective(trial):
        if trial.suggest_categorical("kind", ("sum", "concat")) == "sum":
            kernel = trial.suggest_categorical("kernel", (3, 5))
            return 0.1 * kernel, kernel
        growth = trial.suggest_int("growth", 1, 5)
        return 0.05 * growth, 2 * growth

    # The first trials show what hangs on what; then all 7 networks turn up, and
    # `optimize` is stopped behind the last.
    study.optimize(objective, n_trials=60)
    networks = set(keys(trial.params for trial in study.trials))
    assert len(networks) == 7
    assert len(study.trials) < 20


def test_which_genes_are_in_use_can_be_told():
    space = {"a": CategoricalDistribution((0, 1)), "b": IntDistribution(1, 9)}
    study = study_of(
        space,
        lambda params: 1 + params["a"] * params["b"],
        in_use=lambda params: ["a", "b"] if params["a"] else ["a"],
    )

    def objective(trial):
        a = trial.suggest_categorical("a", (0, 1))
        b = trial.suggest_int("b", 1, 9) if a else 0
        return 0.05 * (1 + b), 1 + a * b

    study.optimize(objective, n_trials=10)
    assert len(set(keys(trial.params for trial in study.trials))) == 10


def test_all_kinds_of_ranges():
    space = {
        "width": IntDistribution(8, 512, log=True),
        "depth": IntDistribution(2, 20, step=3),
        "rate": FloatDistribution(1e-4, 1.0, log=True),
        "dropout": FloatDistribution(0.0, 0.5, step=0.1),
        "momentum": FloatDistribution(0.5, 0.99),
        "one": IntDistribution(4, 4),
    }

    def size_of(params) -> float:
        return params["width"] ** 2 * params["depth"]

    def accuracy_of(params) -> float:
        off = (math.log10(params["rate"]) + 2) ** 2 + params["dropout"]
        return 1 - 0.3 * size_of(params) ** -0.1 - 0.1 * math.tanh(off)

    asked = run(study_of(space, size_of), space, 50, accuracy_of, size_of)
    for params in asked:
        for name, distribution in space.items():
            assert distribution._contains(params[name])
    early, late = (
        np.mean([abs(math.log10(p["rate"]) + 2) for p in part])
        for part in (asked[:12], asked[-12:])
    )
    assert late < early  # it has learnt which rate is good


@pytest.mark.parametrize("workers", [8, 64])
def test_what_is_under_way_is_not_asked_for_again(workers):
    study = study_of(OPS, size)
    waiting = [study.ask(OPS) for _ in range(workers)]
    for trial in waiting:
        study.tell(trial, [accuracy(trial.params), size(trial.params)])
    waiting = [study.ask(OPS) for _ in range(workers)]
    assert len(set(keys(trial.params for trial in study.trials))) == 2 * workers


def test_failures_and_numbers_that_are_none_are_survived_and_not_repeated():
    study = study_of(OPS, size)
    outcomes = [None, [math.nan, 5.0], [math.inf, 5.0], [0.5, math.inf], [0.5, 30.0]]
    for i in range(60):
        trial = study.ask(OPS)
        values = outcomes[i % 5]
        if values is None:
            study.tell(trial, state=TrialState.FAIL)
        else:
            study.tell(trial, values, skip_if_finished=True)
    assert len(set(keys(trial.params for trial in study.trials))) == 60


def test_a_small_space_is_used_up_and_then_repeats():
    space = {"a": CategoricalDistribution((1, 2)), "b": IntDistribution(1, 3)}
    study = study_of(space, lambda p: p["a"] * p["b"])

    def objective(trial):
        a = trial.suggest_categorical("a", (1, 2))
        return 0.1 * a, a * trial.suggest_int("b", 1, 3)

    study.optimize(objective, n_trials=100)
    assert len(study.trials) == 7  # the last one found nothing left, and stopped it
    assert len(set(keys(trial.params for trial in study.trials))) == 6
    assert study.ask(space).params.keys() == {"a", "b"}


@pytest.mark.parametrize("space", [{}, {"a": CategoricalDistribution(("x",))}])
def test_a_space_of_one(space):
    study = study_of(space, lambda _: 7.0)
    for _ in range(15):
        study.tell(study.ask(space), [0.5, 7.0])
    assert len(study.trials) == 15


def test_all_results_equal():
    asked = run(study_of(OPS, size), OPS, 40, lambda _: 0.5, lambda _: 100.0)
    assert len(set(keys(asked))) == 40


def test_what_does_not_fit_is_not_proposed():
    def size_of(params) -> float:
        if size(params) > 60:
            raise DoesNotFit("too large")
        return size(params)

    asked = run(study_of(OPS, size_of), OPS, 60)
    assert max(map(size, asked)) <= 60


def test_only_one_network_fits():
    def size_of(params) -> float:
        if set(params.values()) != {"none"}:
            raise DoesNotFit("too large")
        return 5.0

    study = study_of(OPS, size_of)
    found = run(study, OPS, 1)
    assert set(found[0].values()) == {"none"}

    def objective(trial):
        for name, distribution in OPS.items():
            trial.suggest_categorical(name, distribution.choices)
        return 0.1, 5.0

    study.optimize(objective, n_trials=30)
    assert len(study.trials) == 2


def test_the_same_network_in_other_genes_comes_once():
    study = study_of(OPS, size, identity_of=size)
    asked = run(study, OPS, 30)
    assert len(set(map(size, asked))) == 30


def test_accuracies_in_percent_are_as_good():
    fractions = run(study_of(OPS, size), OPS, 30)
    percent = run(study_of(OPS, size), OPS, 30, lambda p: 100 * accuracy(p))
    assert area(percent) == pytest.approx(area(fractions), rel=0.02)


def test_it_goes_on_where_another_study_left_off():
    known = study_of(OPS, size)
    run(known, OPS, 20)
    study = study_of(OPS, size, seed=5)
    study.add_trials(known.trials)
    run(study, OPS, 20)
    assert len(set(keys(trial.params for trial in study.trials))) == 40


def test_other_directions_are_refused():
    study = optuna.create_study(
        directions=["minimize", "minimize"], sampler=SizeAwareSampler(OPS, size)
    )
    with pytest.raises(ValueError, match=r"got directions \(minimize, minimize\)"):
        study.ask(OPS)


def test_it_runs_in_threads_and_can_be_copied():
    study = study_of(OPS, size)
    study.optimize(
        lambda trial: (
            accuracy(
                params := {
                    n: trial.suggest_categorical(n, d.choices) for n, d in OPS.items()
                }
            ),
            size(params),
        ),
        n_trials=24,
        n_jobs=4,
    )
    assert len(set(keys(trial.params for trial in study.trials))) == 24
    pickle.loads(pickle.dumps(study.sampler))


def objective_of_ops(trial) -> tuple[float, float]:
    params = {n: trial.suggest_categorical(n, d.choices) for n, d in OPS.items()}
    return accuracy(params), size(params)


def test_threads_share_what_was_learnt():
    made = []

    def strategy(*args):
        made.append(Promising(*args))
        return made[-1]

    study = optuna.create_study(
        directions=["maximize", "minimize"], sampler=RowSampler(strategy, OPS, size)
    )
    study.optimize(objective_of_ops, n_trials=16, n_jobs=4)
    # Optuna reseeds the sampler before every trial of a thread.
    assert len(made) == 1
    assert len(set(keys(trial.params for trial in study.trials))) == 16


def test_what_is_in_the_queue_is_neither_lost_nor_repeated():
    study = study_of(OPS, size)
    smallest = dict.fromkeys(OPS, "none")
    medium = dict.fromkeys(OPS, "small")
    first = study.ask({"op0": OPS["op0"]})  # proposed, before anything is queued
    study.tell(first, state=TrialState.FAIL)
    study.enqueue_trial({"op0": "large", "op3": "none"})
    study.enqueue_trial(medium)
    study.enqueue_trial(smallest)
    asked = run(study, OPS, 20)
    assert (asked[0]["op0"], asked[0]["op3"]) == ("large", "none")
    assert asked[1:3] == [medium, smallest]
    assert len(set(keys(asked))) == 20
    # What the user asks for does not use up the networks to begin with.
    largest = dict.fromkeys(OPS, "large")
    assert largest in asked[:4] or first.params["op0"] == "large"


def test_what_waits_in_the_queue_is_not_proposed():
    space = {"a": CategoricalDistribution((1, 2)), "b": CategoricalDistribution((1, 2))}
    study = study_of(space, lambda p: p["a"] * p["b"])
    taken = study.ask(space)
    left = [{"a": a, "b": b} for a in (1, 2) for b in (1, 2)]
    left.remove(taken.params)
    queue = optuna.load_study(storage=study._storage, study_name=study.study_name)
    for params in left[1:]:
        queue.enqueue_trial(params)
    sampler = study.sampler
    proposed = sampler.sample_relative(study, taken._get_latest_trial(), space)
    assert proposed in (left[0], taken.params)


def test_further_parameters_are_drawn():
    study = study_of(OPS, size)

    def objective(trial):
        rate = trial.suggest_float("rate", 1e-3, 1.0, log=True)
        reached, big = objective_of_ops(trial)
        return reached - 0.01 * abs(math.log(rate)), big

    study.optimize(objective, n_trials=30)
    ops = [{n: t.params[n] for n in OPS} for t in study.trials]
    assert len(set(keys(ops))) == 30
    assert len({t.params["rate"] for t in study.trials}) == 30


def test_processes_share_a_storage(tmp_path):
    """Two samplers, as two processes have them, see each other's trials."""
    url = f"sqlite:///{tmp_path / 'study.db'}"
    one = optuna.create_study(
        storage=url,
        study_name="shared",
        directions=["maximize", "minimize"],
        sampler=SizeAwareSampler(OPS, size, 0),
    )
    two = optuna.load_study(
        storage=url, study_name="shared", sampler=SizeAwareSampler(OPS, size, 0)
    )
    for _ in range(10):
        trials = [one.ask(OPS), two.ask(OPS)]
        for study, trial in zip([one, two], trials, strict=True):
            study.tell(trial, [accuracy(trial.params), size(trial.params)])
    assert len(set(keys(trial.params for trial in one.trials))) == 20


def test_half_asked_for_trials_of_others_take_nothing_away():
    space = {n: OPS[n] for n in ("op0", "op1")}
    study = study_of(space, lambda p: 5 + WEIGHT[p["op0"]] + 2 * WEIGHT[p["op1"]])
    other = optuna.load_study(
        storage=study._storage,
        study_name=study.study_name,
        sampler=optuna.samplers.RandomSampler(seed=0),
    )
    other.ask({"op0": OPS["op0"]})  # and its process ends
    found = [study.ask(space) for _ in range(9)]
    assert len(set(keys(trial.params for trial in found))) == 9


def test_trials_out_of_the_space_are_left_alone():
    space = {"a": IntDistribution(1, 20), "b": IntDistribution(1, 20)}
    study = study_of(space, lambda p: p["a"] * p["b"])
    wide = IntDistribution(1, 1000)
    for a in range(100, 140):
        study.add_trial(
            optuna.trial.create_trial(
                params={"a": a, "b": 1},
                distributions={"a": wide, "b": wide},
                values=[1 - 1 / a, a],
            )
        )
    for params in run(
        study, space, 30, lambda p: 1 - 1 / p["a"], lambda p: p["a"] * p["b"]
    ):
        assert params["a"] <= 20


def test_networks_that_break_constraints_are_avoided():
    def large_ends(limit: float) -> int:
        """How many of trials 15 to 30 begin with a large op, which are over a limit."""
        study, found = study_of(OPS, size), []
        for _ in range(30):
            trial = study.ask(OPS)
            found.append(trial.params["op0"] == "large")
            trial.set_constraint("beginning", found[-1] - limit)
            study.tell(trial, [accuracy(trial.params), size(trial.params)])
        return sum(found[15:])

    assert large_ends(limit=0) < large_ends(limit=1) / 2


def test_nothing_fits():
    def size_of(params) -> float:
        raise DoesNotFit("too large")

    study = study_of(OPS, size_of)
    study.optimize(objective_of_ops, n_trials=10)
    assert len(study.trials) == 1  # it found nothing, and stopped the study
    assert study.ask(OPS).params.keys() == OPS.keys()


def test_few_networks_of_a_large_space_fit():
    space = {f"op{i}": CategoricalDistribution(range(5)) for i in range(10)}

    def size_of(params) -> float:
        if params["op0"] + params["op1"] + params["op2"] + params["op3"] > 0:
            raise DoesNotFit("too large")
        return 1 + sum(params.values())

    found = run(
        study_of(space, size_of), space, 5, lambda _: 0.5, lambda p: sum(p.values())
    )
    assert all(p["op0"] == p["op3"] == 0 for p in found)
