"""Random search beside the search: as many epochs, in turns, and no word between."""

from collections import Counter

import pytest
from made_run import architectures, bound, make_run, record

from nas.arch import canonical_hash
from nas.records import EvalRequest, EvalResult, Recipe, TrialRecord
from nas.search import Finished, Notice, SearchConfig, loop
from nas.search.arms import Arms, derived_seed, trial_seed
from nas.search.loop import run_search
from nas.search.study import Proposer

EPOCHS = 2


@pytest.fixture
def training(monkeypatch):
    """Return a function that puts another training in the place of the real one."""

    def use(train) -> None:
        def evaluate(request: EvalRequest) -> EvalResult:
            accuracy = train(request)
            return EvalResult(
                trial=request.trial,
                status="failed" if accuracy is None else "complete",
                seconds=0.5,
                accuracy=accuracy,
                curve=(accuracy,) * EPOCHS if accuracy is not None else (),
                error="too bad" if accuracy is None else None,
            )

        monkeypatch.setattr(loop, "start_evaluator", lambda *_: evaluate)

    use(by_hash)
    return use


def by_hash(request: EvalRequest) -> float:
    """Return an accuracy that hangs on the network and the seed."""
    return derived_seed(f"{canonical_hash(request.architecture)}{request.seed}") / 2**32


@pytest.fixture
def data():
    from test_search_loop import DATA

    return DATA


def searched(path, data, on_event=lambda _: None, **config) -> list[TrialRecord]:
    values = {"trials": 6, "baseline": "random", "recipe": Recipe(epochs=EPOCHS)}
    return run_search(make_run(path, **(values | config)), data, on_event=on_event)


def test_they_take_turns_and_train_as_much(tmp_path, training, data):
    records = searched(tmp_path / "run", data)
    assert [r.arm for r in records] == ["search", "random"] * 6
    assert [r.trial for r in records] == list(range(12))


def test_the_search_is_the_one_without_a_baseline(tmp_path, training, data):
    alone = searched(tmp_path / "alone", data, baseline=None)
    beside = searched(tmp_path / "beside", data)
    kept = [r for r in beside if r.arm == "search"]
    assert [(r.hash, r.seed, r.accuracy) for r in kept] == [
        (r.hash, r.seed, r.accuracy) for r in alone
    ]


def test_a_random_search_beside_random_search_is_another(tmp_path, training, data):
    records = searched(tmp_path / "run", data, sampler="random")
    search = {r.hash for r in records if r.arm == "search"}
    random = {r.hash for r in records if r.arm == "random"}
    assert len(search) == len(random) == 6
    assert search != random
    assert len({r.seed for r in records}) == 12


def test_neither_hears_of_the_other():
    told = {"search": [], "random": []}
    arms = Arms(bound(), SearchConfig(baseline="random"), [], {})
    for arm, proposer in arms._proposers.items():
        proposer.tell = told[arm].append
    one, two = architectures(2)
    for trial, (arm, architecture) in enumerate([("search", one), ("random", two)]):
        arms.start(trial, arm, EPOCHS)
        finished = TrialRecord(**{**vars(record(trial, architecture, 0.5)), "arm": arm})
        arms.tell(finished)
    assert {arm: [r.trial for r in found] for arm, found in told.items()} == {
        "search": [0],
        "random": [1],
    }


def test_what_both_propose_is_trained_for_each(tmp_path, training, data, monkeypatch):
    def propose(self: Proposer):
        return next(a for a in architectures(9) if self.fresh(canonical_hash(a)))

    def fresh(self: Proposer, key: str) -> bool:
        new = key not in self.seen
        self.seen.add(key)
        return new

    monkeypatch.setattr(Proposer, "fresh", fresh, raising=False)
    monkeypatch.setattr(Proposer, "propose", propose)
    records = searched(tmp_path / "run", data, trials=3)
    by_arm = {
        arm: [r.hash for r in records if r.arm == arm] for arm in ("search", "random")
    }
    assert by_arm["search"] == by_arm["random"]
    assert len(set(by_arm["search"])) == 3


def test_failed_trials_have_had_their_turn(tmp_path, training, data):
    training(lambda request: None if request.trial % 3 else 0.5)
    records = searched(tmp_path / "run", data, trials=9)
    assert Counter(r.arm for r in records) == {"search": 9, "random": 9}


class TestGoingOn:
    def test_an_interrupted_trial_keeps_its_arm_and_seed(
        self, tmp_path, training, data
    ):
        whole = searched(tmp_path / "whole", data, sampler="random")
        left = [3, 6]

        def train(request: EvalRequest) -> float:
            if left and request.trial == left[0]:
                left.pop(0)
                raise KeyboardInterrupt
            return by_hash(request)

        training(train)
        run = make_run(
            tmp_path / "run",
            trials=6,
            baseline="random",
            sampler="random",
            recipe=Recipe(epochs=EPOCHS),
        )
        begun = {}
        for trial in (3, 6):
            with pytest.raises(KeyboardInterrupt):
                run_search(run, data)
            begun[trial] = run.unfinished()[trial], run.arm(trial)
        records = run_search(run, data)
        assert [(r.trial, r.arm) for r in records] == [(r.trial, r.arm) for r in whole]
        assert [r.seed for r in records] == [r.seed for r in whole]
        for trial, (architecture, arm) in begun.items():
            assert records[trial].architecture == architecture
            assert records[trial].arm == arm
        assert begun[3][1] == "random"

    def test_more_trials_are_more_of_both(self, tmp_path, training, data):
        run = make_run(
            tmp_path / "run",
            trials=2,
            baseline="random",
            recipe=Recipe(epochs=EPOCHS),
        )
        first = run_search(run, data)
        config = run.config()
        run.extend(
            SearchConfig(**config.to_json() | {"trials": 4, "recipe": config.recipe})
        )
        records = run_search(run, data)
        assert records[:4] == first
        assert Counter(r.arm for r in records) == {"search": 4, "random": 4}


def test_each_uses_up_a_small_space_by_itself(tmp_path, training, data):
    run = make_run(
        tmp_path / "run", trials=9, baseline="random", recipe=Recipe(epochs=EPOCHS)
    )
    (run.path / "space.yaml").write_text(
        "schema: 1\nwidths: absolute\nstem: {width: [4, 6]}\nblocks:\n"
        "  - {width: 8, aggregation: sum, unit: basic, depth: [1, 2]}\n"
    )
    events = []
    records = run_search(run, data, on_event=events.append)
    assert Counter(r.arm for r in records) == {"search": 4, "random": 4}
    assert [e.text for e in events if isinstance(e, Notice)] == [
        "the space is used up after 4 different networks under this budget"
    ]
    assert sum(isinstance(e, Finished) for e in events) == 8


def test_seeds_of_both_stay():
    assert trial_seed(0, 3) == derived_seed("0/3")
    arms = Arms(bound(), SearchConfig(baseline="random"), [], {})
    for trial, arm in enumerate(("search", "random", "random", "search")):
        arms.start(trial, arm, EPOCHS)
    assert [arms.seed(trial) for trial in range(4)] == [
        *(derived_seed("0/0"), derived_seed("0/random/0")),
        *(derived_seed("0/random/1"), derived_seed("0/1")),
    ]
