"""Recipes searched beside architectures: pairs, their own trainings, going on."""

import math

import numpy as np
import pytest
from made_run import FACTS, bound, record

from nas.arch import canonical_hash
from nas.data import SearchData, Split
from nas.errors import ConfigError
from nas.nn.cost import num_params
from nas.records import EvalRequest, EvalResult, Recipe, TrialRecord, candidate_key
from nas.search import SAMPLERS, RunFolder, SearchConfig, loop
from nas.search.loop import run_search
from nas.search.samplers import make_sampler
from nas.search.samplers.counted import Counted
from nas.search.samplers.limits import check_space
from nas.search.study import Proposer
from nas.space import BoundSpace, SearchSpace, read_space

NETWORKS = """\
schema: 1
widths: absolute
stem: {width: [4, 6]}
blocks:
  - {width: [4, 8], aggregation: sum, unit: basic}
"""
FINITE = "recipe: {augment: [none, light], batch_size: [2, 32]}\n"
ENDLESS = """\
recipe:
  optimizer:
    sgd: {lr: {float: [0.02, 1], log: true}}
    adamw: {lr: 0.003}
"""
FAST = [name for name in SAMPLERS if name not in ("gp", "grid")]


@pytest.fixture
def make_space(tmp_path):
    def make(text: str) -> SearchSpace:
        (tmp_path / "joint.yaml").write_text(NETWORKS + text)
        return read_space(tmp_path / "joint.yaml")

    return make


def bind(space: SearchSpace, **options) -> BoundSpace:
    values = {"input_shape": (1, 8, 8), "num_classes": 10, "max_params": 10**6}
    return BoundSpace(space=space, **(values | options))


def train(proposer: Proposer, number: int) -> list[TrialRecord]:
    records = []
    for trial in range(number):
        architecture = proposer.propose()
        assert architecture is not None
        accuracy = min(0.99, num_params(architecture) / 10_000)
        records.append(record(trial, architecture, accuracy))
        proposer.tell(records[-1])
    return records


@pytest.mark.parametrize("sampler", [*FAST, "grid"])
def test_every_network_with_every_recipe_and_then_no_more(make_space, sampler):
    proposer = Proposer(bind(make_space(FINITE)), sampler, seed=0)
    records = train(proposer, 16)
    assert len({r.key for r in records}) == 16
    assert len({r.hash for r in records}) == 4
    assert len({r.recipe_hash for r in records}) == 4
    for r in records:
        assert r.key == f"{r.hash}/{r.recipe_hash}" == candidate_key(r.architecture)
    assert proposer.propose() is None


@pytest.mark.parametrize("sampler", [*FAST, "gp"])
def test_a_few_networks_have_recipes_without_end(make_space, sampler):
    records = train(Proposer(bind(make_space(ENDLESS)), sampler, seed=0), 10)
    assert len({r.key for r in records}) == 10
    assert len({r.hash for r in records}) <= 4
    assert len({r.recipe["lr"] for r in records}) >= 3


def test_no_grid_of_recipes_without_end(make_space):
    with pytest.raises(ConfigError, match=r"endlessly many; use 'size-aware'"):
        check_space("grid", bind(make_space(ENDLESS)))
    check_space("grid", bind(make_space(FINITE)))


def test_size_does_not_depend_on_the_recipe(make_space):
    space = bind(make_space(FINITE))
    counted = Counted(space)
    genes = space.encode(space.smallest)
    other = genes | {"recipe.augment": "light", "recipe.batch_size": 2}
    assert counted.size_of(genes) == counted.size_of(other) == space.min_params
    assert counted.identity_of(genes) != counted.identity_of(other)
    assert counted.identity_of(genes) == counted.identity_of(dict(genes))


def test_genes_of_the_other_optimizer_make_no_difference(make_space):
    space = bind(make_space(ENDLESS))
    counted = Counted(space)
    genes = space.encode(space.smallest) | {"recipe.adamw.lr": 0.003}
    adamw = genes | {"recipe.optimizer": "adamw"}
    assert "recipe.sgd.lr" not in counted.in_use(adamw)
    assert counted.identity_of(adamw) == counted.identity_of(
        adamw | {"recipe.sgd.lr": 0.9}
    )
    assert counted.identity_of(genes) != counted.identity_of(
        genes | {"recipe.sgd.lr": 0.9}
    )


@pytest.mark.parametrize("sampler", ["size-aware", "local"])
def test_the_first_networks_have_the_recipe_to_begin_with(sampler):
    space = bound(max_params=20_000, name="joint")
    first = train(Proposer(space, sampler, seed=1), 2)
    smallest, largest = sorted(first, key=lambda r: r.params)
    assert smallest.params == space.min_params
    assert largest.params > 15_000
    begun = {"lr": 0.2, "weight_decay": 5e-4, "label_smoothing": 0.1, "augment": "none"}
    for r in (smallest, largest):
        numbers = {name: r.recipe[name] for name in begun if name != "augment"}
        assert numbers == pytest.approx({name: begun[name] for name in numbers})
        assert r.recipe["augment"] == "none"


def test_hand_made_networks_have_it_as_well():
    joint = bound(max_params=10**6, name="joint")
    for genes in Counted(joint).first():
        assert {
            n: v for n, v in genes.items() if n.startswith("recipe.")
        } == joint.start


def test_better_recipes_are_found_and_kept_to(make_space):
    """Of twenty trials after ten, most are near the best rate: not so by chance."""
    space = bind(make_space(ENDLESS))
    proposer = Proposer(space, "size-aware", seed=0)
    rates = []
    for trial in range(30):
        architecture = proposer.propose()
        own = Recipe().with_genes(architecture.genes)
        off = abs(math.log(own.lr / 0.3)) + (own.optimizer == "adamw")
        accuracy = 0.95 - 0.1 * min(off, 5) + num_params(architecture) / 10**6
        proposer.tell(record(trial, architecture, accuracy))
        rates.append(own.lr)
    near = [abs(math.log(rate / 0.3)) < math.log(1.5) for rate in rates[10:]]
    assert sum(near) > 10  # a fifth of the range: four of twenty by chance


def test_what_arithmetic_adds_is_no_other_recipe(make_space):
    space = bind(make_space(ENDLESS))
    genes = space.encode(space.smallest)
    for rate, same in ((0.1 + 0.2, True), (0.3001, False)):
        one, other = (
            record(0, space.decode(genes | {"recipe.sgd.lr": lr}), 0.5)
            for lr in (0.3, rate)
        )
        assert (one.key == other.key) == same
        assert (one.recipe == other.recipe) == same


def test_the_record_keeps_its_recipe_and_old_ones_have_none(make_space):
    space = bind(make_space(FINITE))
    (new,) = train(Proposer(space, "random", seed=0), 1)
    written = new.to_json()
    assert written["recipe"] == new.recipe
    assert set(new.recipe) == {"augment", "batch_size"}
    assert TrialRecord.from_json(written) == new
    assert TrialRecord.from_json(written).key == new.key
    old = record(0, bound().smallest, 0.5)
    assert "recipe" not in old.to_json()
    assert (old.recipe, old.recipe_hash, old.key) == ({}, "", old.hash)
    assert old.key == canonical_hash(old.architecture)


# --- Through the loop ---

EMPTY = Split(images=np.zeros((2, 1, 8, 8), np.uint8), labels=np.zeros(2, np.int64))
DATA = SearchData(
    name="nothing",
    classes=tuple("0123456789"),
    train=EMPTY,
    validation=EMPTY,
    mean=(0.5,),
    std=(0.25,),
)


@pytest.fixture
def requests(monkeypatch) -> list[EvalRequest]:
    """All trainings asked for; batches of 32 take too much memory."""
    asked: list[EvalRequest] = []

    def evaluate(request: EvalRequest) -> EvalResult:
        asked.append(request)
        full = request.recipe.batch_size == 32
        return EvalResult(
            trial=request.trial,
            status="failed" if full else "complete",
            seconds=0.5,
            accuracy=None if full else 0.5,
            loss=None if full else 1.0,
            error="out of memory" if full else None,
            reason="out of memory" if full else None,
        )

    monkeypatch.setattr(loop, "start_evaluator", lambda *_: evaluate)
    return asked


def start(path, space: SearchSpace, **config) -> RunFolder:
    values = {"space": "joint", "trials": 6, "workers": 0, "device": "cpu"}
    values |= {"sampler": "random", "recipe": Recipe(epochs=2, batch_size=8)}
    return RunFolder.create(path, SearchConfig(**(values | config)), space, FACTS)


def test_each_is_trained_with_its_own_recipe(tmp_path, make_space, requests):
    run = start(tmp_path / "run", make_space(FINITE), trials=8)
    records = run_search(run, DATA)
    assert len({r.recipe.augment for r in requests}) == 2
    for request in requests:
        assert request.recipe.epochs == 2
        genes = request.architecture.genes
        assert request.recipe.augment == genes["recipe.augment"]
    # A trial's own batch is what is halved, and the result says so.
    halved = [r for r in requests if r.alone]
    assert halved
    assert {r.recipe.batch_size for r in halved} == {16}
    assert {r.recipe.batch_size for r in requests} == {2, 16, 32}
    for r in records:
        full = r.genes["recipe.batch_size"] == 32
        assert (r.batch_size, r.recipe["batch_size"]) == (
            (16, 16) if full else (None, 2)
        )
    assert run.records() == records
    assert [r.recipe for r in run.records()] == [r.recipe for r in records]


def test_an_interrupted_trial_keeps_its_recipe(
    tmp_path, make_space, requests, monkeypatch
):
    run = start(tmp_path / "run", make_space(ENDLESS), sampler="size-aware")
    trained = []

    def stop(request: EvalRequest) -> EvalResult:
        trained.append(request)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, "start_evaluator", lambda *_: stop)
        with pytest.raises(KeyboardInterrupt):
            run_search(run, DATA)
    records = run_search(run, DATA)
    assert requests[0].recipe == trained[0].recipe
    assert requests[0].architecture == trained[0].architecture
    assert len({r.key for r in records}) == 6
    # Further trials of the finished run are new pairs, too.
    run.extend(SearchConfig.from_json(run.config().to_json() | {"trials": 9}))
    assert len({r.key for r in run_search(run, DATA)}) == 9


def test_the_study_has_the_recipe_s_genes(tmp_path, make_space, requests):
    import optuna

    run = start(tmp_path / "run", make_space(FINITE))
    records = run_search(run, DATA)
    study = optuna.load_study(study_name="nas", storage=f"sqlite:///{run.study_path}")
    assert [t.params for t in study.trials] == [dict(r.genes) for r in records]


def test_a_sampler_of_ours_has_the_start_of_the_space():
    space = bound(name="joint")
    sampler = make_sampler("size-aware", 0, space)
    assert set(space.start) <= set(sampler.search_space)
