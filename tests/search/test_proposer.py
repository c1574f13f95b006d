"""Proposals: fitting, never twice, repeatable, and an end when there are no more."""

from dataclasses import replace

import pytest
from made_run import architectures, bound, record
from optuna.trial import TrialState

from nas.arch import canonical_hash
from nas.nn.cost import num_params
from nas.search import SAMPLERS, SearchConfig
from nas.search.arms import Arms
from nas.search.study import Proposer
from nas.space import BoundSpace, read_space

# Each ask of `gp` takes long, and a grid is for few networks.
FAST = [name for name in SAMPLERS if name not in ("gp", "grid")]

FEW = """
schema: 1
widths: absolute
stem: {width: [4, 6]}
blocks:
  - {width: [4, 8], aggregation: sum, unit: basic, depth: [1, 2]}
"""


@pytest.fixture
def few(tmp_path) -> BoundSpace:
    """A space of eight networks."""
    path = tmp_path / "few.yaml"
    path.write_text(FEW)
    return BoundSpace(
        space=read_space(path), input_shape=(1, 8, 8), num_classes=10, max_params=10**6
    )


def train(proposer: Proposer, number: int, first: int = 0):
    """Propose and tell; return the records, better with size."""
    records = []
    for trial in range(first, first + number):
        architecture = proposer.propose()
        assert architecture is not None
        accuracy = min(0.99, num_params(architecture) / 10_000)
        records.append(record(trial, architecture, accuracy))
        proposer.tell(records[-1])
    return records


def test_known_networks_among_proposals_are_counted(few):
    proposer, counts = Proposer(few, "random", seed=0), []
    for _ in range(8):
        assert proposer.propose() is not None
        counts.append(proposer.skipped)
    refused = [t for t in proposer.study.trials if t.state == TrialState.FAIL]
    assert counts[0] == 0
    assert sum(counts) == len(refused) > 0


@pytest.mark.parametrize("sampler", FAST)
def test_all_fit_and_none_comes_twice(sampler):
    space = bound(max_params=4_000)
    records = train(Proposer(space, sampler, seed=0), 40)
    assert len({r.hash for r in records}) == 40
    for r in records:
        assert r.params <= 4_000
        assert space.decode(r.architecture.genes) == r.architecture


@pytest.mark.parametrize("sampler", [*FAST, "grid"])
def test_a_small_space_is_used_up_to_the_last_network(few, sampler):
    proposer = Proposer(few, sampler, seed=0)
    assert len({r.hash for r in train(proposer, 8)}) == 8
    assert proposer.propose() is None
    assert proposer.propose() is None


def test_a_budget_for_the_smallest_network_alone_gives_that():
    space = bound(max_params=bound(name="default").min_params, name="default")
    proposer = Proposer(space, "tpe", seed=0)
    (only,) = train(proposer, 1)
    assert only.architecture == space.smallest
    assert proposer.propose() is None


@pytest.mark.parametrize("sampler", ["size-aware", "local", "evolution"])
def test_little_is_asked_where_next_to_nothing_fits(sampler):
    space = bound(max_params=bound(name="default").min_params, name="default")
    proposer = Proposer(space, sampler, seed=0)
    (only,) = train(proposer, 1)
    assert only.architecture == space.smallest
    assert proposer.propose() is None
    # Each ask looks at thousands of networks.
    assert len(proposer.study.trials) <= 3


@pytest.mark.parametrize("sampler", ["size-aware", "local", "evolution"])
def test_what_lies_beside_the_smallest_network_is_found(sampler):
    proposer = Proposer(bound(max_params=810, name="default"), sampler, seed=0)
    assert len({r.hash for r in train(proposer, 8)}) == 8
    assert len(proposer.study.trials) == 8


@pytest.mark.parametrize("sampler", FAST)
def test_the_seed_decides(sampler):
    def proposed(seed: int) -> list[str]:
        return [r.hash for r in train(Proposer(bound(), sampler, seed), 15)]

    assert proposed(1) == proposed(1)
    assert proposed(1) != proposed(2)


@pytest.mark.parametrize("sampler", FAST)
def test_going_on_does_not_replay(sampler):
    known = train(Proposer(bound(), sampler, seed=0), 12)
    later = train(Proposer(bound(), sampler, 0, known), 12, first=12)
    assert not {r.hash for r in known} & {r.hash for r in later}
    # Nor does it draw the same and merely skip what is known.
    fresh = train(Proposer(bound(), sampler, seed=0), 24)[12:]
    assert [r.hash for r in fresh] != [r.hash for r in later]


def test_going_on_remembers_what_was_learnt():
    known = train(Proposer(bound(), "tpe", seed=0), 5)
    known.append(record(5, bound().smallest, None))
    study = Proposer(bound(), "tpe", 0, known).study
    told = [(t.values, t.params) for t in study.trials]
    assert told == [
        ([r.accuracy, r.params], dict(r.architecture.genes)) for r in known[:5]
    ]


def test_what_somebody_else_proposed_is_learnt_too():
    proposer = Proposer(bound(), "tpe", seed=0)
    (foreign,) = train(Proposer(bound(), "random", seed=9), 1)
    proposer.tell(foreign)
    (trial,) = proposer.study.trials
    assert trial.values == [foreign.accuracy, foreign.params]
    assert all(r.hash != foreign.hash for r in train(proposer, 20, first=1))


def test_failures_are_not_proposed_again(few):
    proposer = Proposer(few, "tpe", seed=0)
    hashes = set()
    for trial in range(8):
        architecture = proposer.propose()
        hashes.add(canonical_hash(architecture))
        proposer.tell(record(trial, architecture, None))
    assert len(hashes) == 8
    assert proposer.propose() is None


def test_several_at_once_are_different_before_anything_is_told():
    proposer = Proposer(bound(), "tpe", seed=0)
    waiting = [proposer.propose() for _ in range(10)]
    assert len(set(map(canonical_hash, waiting))) == 10
    for trial, architecture in reversed(list(enumerate(waiting))):
        proposer.tell(record(trial, architecture, 0.5))
    told = [t for t in proposer.study.trials if t.state.name == "COMPLETE"]
    assert len(told) == 10


@pytest.mark.parametrize("sampler", ["nsga2", "nsga3"])
class TestGenerations:
    def test_a_resumed_search_has_those_from_before(self, sampler):
        known = train(Proposer(bound(), sampler, seed=0), 30)
        proposer = Proposer(bound(), sampler, seed=0, known=known)
        population = proposer.study.sampler.get_population
        for generation, members in ((0, known[:20]), (1, known[20:])):
            assert [t.params for t in population(proposer.study, generation)] == [
                r.architecture.genes for r in members
            ]

    def test_what_was_interrupted_belongs_to_one(self, sampler):
        (one,) = train(Proposer(bound(), sampler, seed=0), 1)
        proposer = Proposer(bound(), sampler, seed=0)
        proposer.take_up(one.architecture)
        proposer.tell(one)
        (member,) = proposer.study.sampler.get_population(proposer.study, 0)
        assert member.params == one.architecture.genes

    def test_whoever_paused_and_went_on_belongs_to_one(self, sampler):
        proposer = Proposer(bound(), sampler, seed=0, epochs=9)
        architecture = proposer.propose()
        whole = record(0, architecture, 0.75)
        paused = {"status": "stopped", "accuracy": None, "standings": ((3, 0.5),)}
        proposer.tell(replace(whole, **paused))
        proposer.tell(replace(whole, standings=((3, 0.5),)))
        (member,) = proposer.study.sampler.get_population(proposer.study, 0)
        assert member.values == [0.75, whole.params]


@pytest.mark.parametrize("sampler", FAST)
def test_what_a_resume_trains_again_is_under_way(sampler):
    first, second, *_ = train(Proposer(bound(), sampler, seed=0), 5)
    config = SearchConfig(sampler=sampler, max_params=8_000)
    interrupted = {1: ("search", second.architecture)}
    proposer = Arms(bound(), config, [first], interrupted)._proposers["search"]
    (running,) = proposer.study.get_trials(states=(TrialState.RUNNING,))
    assert running.params == second.architecture.genes
    assert proposer.propose().genes != second.architecture.genes
    assert not proposer.study.get_trials(states=(TrialState.FAIL,))
    proposer.tell(second)
    told = proposer.study.trials[running.number]
    assert told.state == TrialState.COMPLETE
    assert told.values == [second.accuracy, second.params]


@pytest.mark.parametrize("sampler", FAST)
@pytest.mark.parametrize(
    "change",
    [
        {"target": 10**9},
        {"target": 0},
        {"target": True},
        {"stem.kernel": 3},
        {"block1.aggregation": "hierarchical"},
        {"block2.width": 1.5},
    ],
)
def test_genes_that_the_space_does_not_hold_never_reach_the_study(sampler, change):
    """They come from files: Optuna would store them, and warn when they are asked."""
    space = bound()
    one, two = (
        replace(architecture, genes=architecture.genes | change)
        for architecture in architectures(2)
    )
    proposer = Proposer(space, sampler, 0, [record(0, one, 0.5)], num_interrupted=1)
    proposer.take_up(two)
    known = {canonical_hash(one), canonical_hash(two)}
    for trial in range(3):
        architecture = proposer.propose()
        assert canonical_hash(architecture) not in known
        proposer.tell(record(trial + 2, architecture, 0.25))
    proposer.tell(record(1, two, 0.75))
    for trial in proposer.study.trials:
        for name, value in trial.params.items():
            assert space.domains[name].contains(value), (name, value)
        assert "fixed_params" not in trial.system_attrs or all(
            space.domains[name].contains(value)
            for name, value in trial.system_attrs["fixed_params"].items()
        )


@pytest.mark.parametrize("sampler", FAST)
def test_after_two_interruptions_the_draws_are_others(sampler):
    """A killed search leaves trials under way, perhaps before any has finished."""
    space, config = bound(), SearchConfig(sampler=sampler, trials=30)
    interrupted, seen, first = {}, [], []
    for _ in range(3):
        arms = Arms(space, config, [], interrupted)
        proposer = arms._proposers["search"]
        asked = len(proposer.study.trials)
        for _ in range(4):
            architecture = arms.propose("search")
            seen.append(canonical_hash(architecture))
            interrupted[len(interrupted)] = ("search", architecture)
        drawn = [t.params for t in proposer.study.trials[asked:]]
        assert all(params not in drawn for params in first)
        first = drawn
    assert len(set(seen)) == len(seen) == 12
