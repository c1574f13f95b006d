"""Searches for other costs than size: proposals, halving, the study, the folder."""

import random
from dataclasses import replace
from itertools import product

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_latency import latency
from made_run import architectures, bound, make_run, record
from optuna.distributions import CategoricalDistribution

from nas.arch import canonical_hash
from nas.errors import ConfigError, RunError
from nas.report import COSTS, pareto_front
from nas.report.hypervolume import hypervolume
from nas.search import SAMPLERS, RunFolder, SearchConfig
from nas.search.changes import check_options
from nas.search.mirror import Mirror
from nas.search.samplers.catalog import sampler
from nas.search.samplers.estimates import Estimates
from nas.search.samplers.improvement import is_front
from nas.search.scheduler import Standing, beaten_by, ranked
from nas.search.study import Proposer
from nas.search.taking_over import taken_over

FAST = [name for name in SAMPLERS if name not in ("gp", "grid")]


def objectives(*names: str) -> tuple:
    return tuple(COSTS[name] for name in names)


def timed(trial: int, architecture, accuracy: float):
    """Return a record whose latency goes by depth, and not by size."""
    made = record(trial, architecture, accuracy)
    depth = sum(block.depth for block in architecture.blocks)
    return replace(made, latency=latency(0.1 * depth))


@pytest.mark.parametrize("name", FAST)
@pytest.mark.parametrize(
    "costs", [("macs",), ("params", "macs", "latency")], ids=",".join
)
def test_every_sampler_proposes_what_fits_and_never_twice(name, costs):
    costs = objectives(*costs)
    space = bound(max_params=4_000)
    proposer = Proposer(space, name, seed=0, costs=costs)
    rng = random.Random(0)
    seen = set()
    for trial in range(18):
        found = proposer.propose()
        made = timed(trial, found, rng.random())
        proposer.tell(made)
        seen.add(made.hash)
        assert made.params <= 4_000
    assert len(seen) == 18
    last = proposer.study.trials[-1]
    assert last.values == [made.accuracy, *(cost.of(made) for cost in costs)]
    assert len(proposer.study.directions) == 1 + len(costs)


@pytest.mark.parametrize("name", ["size-aware", "tpe"])
def test_a_resumed_search_knows_the_costs_of_what_it_was_told(name):
    costs = objectives("macs", "latency")
    known = [timed(i, net, 0.5 + i / 20) for i, net in enumerate(architectures(8))]
    proposer = Proposer(bound(), name, seed=0, known=known, costs=costs)
    assert canonical_hash(proposer.propose()) not in {r.hash for r in known}
    told = [t.values for t in proposer.study.get_trials(states=None) if t.values]
    assert told == [[r.accuracy, r.macs, r.latency.median_ms] for r in known]


def test_a_trial_without_a_cost_is_told_as_failed_and_the_search_goes_on():
    proposer = Proposer(bound(), "size-aware", seed=0, costs=objectives("latency"))
    for trial in range(14):
        made = timed(trial, proposer.propose(), 0.5)
        proposer.tell(made if trial % 2 else replace(made, latency=None))
    states = [trial.state.name for trial in proposer.study.trials]
    assert states == ["FAIL", "COMPLETE"] * 7


GENES = {f"gene{i}": CategoricalDistribution(range(4)) for i in range(5)}
EVERY = [
    dict(zip(GENES, values, strict=True))
    for values in product(range(4), repeat=len(GENES))
]


def accuracy_of(params) -> float:
    return 1 - 0.6 * 0.9 ** sum(params.values())


def size_of(params) -> float:
    return 100 * 1.5 ** params["gene0"] * 1.4 ** params["gene1"]


def work_of(params) -> float:
    """Return a cost that goes by other genes than size, which all gain the same."""
    return 1000 * 1.5 ** params["gene3"] * 1.4 ** params["gene4"]


def work_covered(costs, seed: int) -> float:
    """Return the area over work that 30 trials of a search cover, of what there is."""
    known = {"size": size_of, "work": work_of, "timed": work_of}
    counts = {"size": size_of, "work": work_of, "timed": None}
    study = optuna.create_study(
        directions=["maximize", *["minimize"] * len(costs)],
        sampler=sampler(
            "size-aware", seed, GENES, size_of, costs=[counts[c] for c in costs]
        ),
    )
    done = []
    for _ in range(30):
        trial = study.ask()
        params = {n: trial.suggest_categorical(n, range(4)) for n in GENES}
        study.tell(trial, [accuracy_of(params), *(known[c](params) for c in costs)])
        done.append((accuracy_of(params), work_of(params)))
    largest = max(map(work_of, EVERY))
    whole = [(accuracy_of(params), work_of(params)) for params in EVERY]
    return hypervolume(done, 0.4, largest) / hypervolume(whole, 0.4, largest)


def test_size_aware_goes_for_the_costs_of_the_study():
    def mean(*costs: str) -> float:
        return float(np.mean([work_covered(costs, seed) for seed in range(3)]))

    for_size = mean("size")
    assert mean("work") > for_size
    assert mean("timed") > for_size  # which is known after the training alone
    assert mean("size", "timed") > for_size


def test_estimates_of_costs_are_close_where_genes_tell_them():
    rng = np.random.default_rng(0)
    points = rng.integers(0, 2, size=(80, 6)).astype(float)
    costs = np.stack([points @ np.arange(1, 7), points @ np.ones(6)], axis=1)
    estimates = Estimates(np.arange(6))
    partly = costs[:60].copy()
    partly[::3, 1] = np.nan
    estimates.update(points[:60], partly)
    unknown = np.full((20, 2), np.nan)
    unknown[0, 0] = 123.0
    filled = estimates.filled(points[60:], unknown)
    assert filled[0, 0] == 123.0
    assert np.abs(filled[1:] - costs[61:]).max() < 0.5


def test_what_nobody_knows_is_not_estimated():
    points = np.eye(4)
    estimates = Estimates(np.arange(4))
    estimates.update(points, np.column_stack([np.arange(4.0), np.full(4, np.nan)]))
    filled = estimates.filled(points, np.full((4, 2), np.nan))
    assert np.isfinite(filled[:, 0]).all()
    assert np.isnan(filled[:, 1]).all()


points = st.lists(
    st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5)), max_size=25
)


def beats(one: Standing, other: Standing) -> bool:
    mine, theirs = (*one.costs, -one.accuracy), (*other.costs, -other.accuracy)
    as_good = all(a <= b for a, b in zip(mine, theirs, strict=True))
    return as_good and (mine != theirs or one.trial < other.trial)


@given(points, st.randoms(use_true_random=False))
def test_halving_ranks_by_fronts_in_all_costs(found, rng: random.Random):
    standings = [
        Standing(trial=i, accuracy=a / 5, costs=(b, c))
        for i, (a, b, c) in enumerate(found)
    ]
    counts = {s.trial: sum(beats(o, s) for o in standings) for s in standings}
    assert beaten_by(standings) == counts
    order = [s.trial for s in ranked(standings)]
    rng.shuffle(standings)
    assert [s.trial for s in ranked(standings)] == order
    left = standings
    while left:
        front = {s.trial for s in left if not any(beats(o, s) for o in left)}
        assert set(order[: len(front)]) == front
        order = order[len(front) :]
        left = [s for s in left if s.trial not in front]


@given(points)
def test_the_front_of_rows_is_what_no_other_beats(found):
    costs = np.array([one[:2] for one in found], dtype=float).reshape(-1, 2)
    errors = np.array([one[2] for one in found], dtype=float)
    standings = [
        Standing(trial=i, accuracy=-c, costs=(a, b))
        for i, (a, b, c) in enumerate(found)
    ]
    expected = [not any(beats(o, s) for o in standings) for s in standings]
    assert is_front(costs, errors).tolist() == expected


class TestStudy:
    COSTS = objectives("macs", "latency")

    def test_it_has_the_directions_the_names_and_the_values(self, tmp_path):
        path = tmp_path / "study.db"
        mirror = Mirror(path, bound(), costs=self.COSTS)
        first, second = architectures(2)
        made = timed(0, first, 0.75)
        for trial, network in enumerate((first, second)):
            mirror.start(trial, network)
        mirror.finish(made)
        mirror.finish(record(1, second, 0.5))  # without a latency
        mirror.close()
        study = optuna.load_study(study_name="nas", storage=f"sqlite:///{path}")
        assert [d.name for d in study.directions] == [
            "MAXIMIZE",
            "MINIMIZE",
            "MINIMIZE",
        ]
        assert study.metric_names == ["accuracy", "macs", "latency"]
        assert study.trials[0].values == [0.75, made.macs, made.latency.median_ms]
        assert [trial.state.name for trial in study.trials] == ["COMPLETE", "FAIL"]

    def test_that_of_a_search_for_fewer_costs_is_another(self, tmp_path):
        Mirror(tmp_path / "study.db", bound()).close()
        with pytest.raises(RunError, match=r"other directions \(MAXIMIZE, MINIMIZE\)"):
            Mirror(tmp_path / "study.db", bound(), costs=self.COSTS)


class TestConfig:
    def test_json_and_back(self):
        config = SearchConfig(objectives=("accuracy", "latency", "macs"))
        assert SearchConfig.from_json(config.to_json()) == config
        assert [cost.name for cost in config.costs] == ["latency", "macs"]

    def test_earlier_versions_searched_for_accuracy_and_size(self):
        data = SearchConfig().to_json()
        del data["objectives"]
        assert SearchConfig.from_json(data).objectives == ("accuracy", "params")

    @pytest.mark.parametrize("value", ["accuracy", None, 3])
    def test_what_is_no_list_is_refused(self, value):
        data = SearchConfig().to_json() | {"objectives": value}
        with pytest.raises(ConfigError, match="objectives must be a list of names"):
            SearchConfig.from_json(data)

    def test_gp_takes_one_cost(self):
        with pytest.raises(ConfigError, match="'gp' takes one cost beside accuracy"):
            SearchConfig(sampler="gp", objectives=("accuracy", "params", "macs"))
        SearchConfig(sampler="gp", objectives=("accuracy", "macs"))

    def test_a_file_says_where_it_is_wrong(self, tmp_path):
        run = make_run(tmp_path / "run", objectives=("accuracy", "macs"))
        text = run.config_path.read_text()
        run.config_path.write_text(text.replace("- macs", "- mac"))
        with pytest.raises(RunError, match=r"config.yaml:\d+:\d+: .*mean 'macs'"):
            run.config()


class TestFolder:
    def test_objectives_stay_what_they_were(self, tmp_path):
        run = make_run(tmp_path / "run", [0.5], objectives=("accuracy", "macs"))
        check_options(run)
        text = run.config_path.read_text()
        run.config_path.write_text(text.replace("- macs", "- params"))
        with pytest.raises(RunError) as raised:
            check_options(run)
        assert any("objectives" in line for line in raised.value.details)

    def test_trials_are_taken_over_as_far_as_their_costs_are_known(self, tmp_path):
        source = make_run(tmp_path / "run", [0.5, 0.6, 0.7])
        facts = Data(source)
        config = replace(source.config(), objectives=("accuracy", "macs"))
        found = taken_over(source, config, bound(), facts)
        assert len(found.records) == 3
        known = source.records()[1]
        source.finish_trial(replace(known, latency=latency(2.0)))
        timed_only = replace(config, objectives=("accuracy", "params", "latency"))
        found = taken_over(source, timed_only, bound(), facts)
        assert found.numbers == (1,)
        assert found.line.endswith("; 2 have no latency")


class Data:
    """Data that are those of a run, as far as it knows them."""

    def __init__(self, run: RunFolder) -> None:
        self.facts = run.facts()
        self.classes = tuple(self.facts["classes"])
        self.mean = tuple(self.facts["mean"])
        self.train = range(self.facts["fitted"])
        self.validation = range(self.facts["validation"])
        self.fingerprint: dict[str, str] = {}

    def for_search(self) -> "Data":
        return self

    @property
    def input_shape(self) -> tuple[int, ...]:
        return tuple(self.facts["shape"])


def test_the_front_of_a_made_run_goes_by_its_objectives(tmp_path):
    from nas.run import Run

    accuracies = [0.5, 0.6, 0.7, 0.8, 0.75, 0.65]
    run = make_run(tmp_path / "run", accuracies, objectives=("accuracy", "macs"))
    records = run.records()
    expected = pareto_front(records, objectives("macs"))
    found = Run(run.path)
    assert [r.trial for r in found.front] == [r.trial for r in expected]
    assert [r.trial for r in found.summary().front] == [r.trial for r in expected]
    assert found.best().trial == 3
