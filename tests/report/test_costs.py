"""Fronts, hypervolumes and pictures that go by costs other than size."""

import json
import random
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_latency import latency
from trial_records import complete, failed

from nas.errors import ConfigError
from nas.report import (
    COSTS,
    SIZE,
    Front,
    best,
    compare,
    costs_of,
    pareto_front,
    reference_point,
    summarize,
    titles,
    write_report,
)
from nas.report.axes import size_ticks
from nas.report.hypervolume import course

EVERY = [
    chosen for number in (1, 2, 3) for chosen in combinations(COSTS.values(), number)
]


@st.composite
def trials(draw):
    """Few values, so that ties are common; some fail, some were never timed."""
    few = st.integers(1, 4)
    outcomes = draw(
        st.lists(
            st.tuples(few, few, st.one_of(st.none(), few), few, st.booleans()),
            max_size=25,
        )
    )
    return [
        failed(i, params=params, macs=macs)
        if broken
        else complete(
            i,
            params,
            reached / 4,
            macs=macs,
            latency=None if ms is None else latency(float(ms)),
        )
        for i, (params, macs, ms, reached, broken) in enumerate(outcomes)
    ]


def by_definition(records, costs):
    """Compare everybody with everybody."""

    def point(record):
        return [cost.of(record) for cost in costs] + [-record.accuracy]

    able = [r for r in records if r.status == "complete"]
    able = [r for r in able if None not in point(r)]

    def beats(one, other):
        mine, theirs = point(one), point(other)
        as_good = all(a <= b for a, b in zip(mine, theirs, strict=True))
        return as_good and (mine != theirs or one.trial < other.trial)

    front = [r for r in able if not any(beats(other, r) for other in able)]
    return {r.trial for r in front}


@given(trials(), st.sampled_from(EVERY))
def test_front_is_what_nobody_beats_in_accuracy_and_all_costs(records, costs):
    front = pareto_front(records, costs)
    assert {r.trial for r in front} == by_definition(records, costs)
    spent = [costs[0].of(r) for r in front]
    assert spent == sorted(spent)


@given(trials(), st.sampled_from(EVERY), st.randoms(use_true_random=False))
def test_live_front_agrees_in_any_order(records, costs, rng: random.Random):
    expected = list(pareto_front(records, costs))
    rng.shuffle(records)
    front = Front(costs=costs)
    for i, record in enumerate(records):
        taken = front.insert(record)
        assert taken == (record.trial in by_definition(records[: i + 1], costs))
    assert list(front) == expected
    assert len(front) == len(expected)


@given(trials(), st.sampled_from(EVERY))
def test_best_is_on_the_front_and_nobody_is_more_accurate(records, costs):
    found, front = best(records, costs=costs), pareto_front(records, costs)
    assert (found is None) == (not front)
    if found is not None:
        assert found in front
        assert found.accuracy == max(r.accuracy for r in front)


def test_of_equally_accurate_ones_the_best_is_the_cheapest():
    records = [
        complete(0, 300, 0.9, macs=10),
        complete(1, 200, 0.9, macs=30),
        complete(2, 100, 0.8, macs=5),
    ]
    assert best(records, costs=costs_of(("accuracy", "params"))).trial == 1
    assert best(records, costs=costs_of(("accuracy", "macs"))).trial == 0
    assert best(records, 100, costs_of(("accuracy", "macs"))).trial == 2


def test_costs_come_in_the_order_of_the_objectives():
    assert costs_of(("accuracy", "params")) == SIZE
    found = costs_of(("macs", "accuracy", "latency", "params"))
    assert [cost.name for cost in found] == ["macs", "latency", "params"]
    assert titles(found) == "MACs, latency and parameters"
    assert titles(SIZE) == "size"


@pytest.mark.parametrize(
    ("objectives", "says"),
    [
        (("accuracy", "mac"), "an unknown name 'mac': did you mean 'macs'?"),
        (("accuracy", 3), "an unknown name '3': choose accuracy or latency or"),
        (("accuracy", "macs", "macs"), "must differ from each other; got 'macs' twice"),
        (("params", "macs"), "must have accuracy among them"),
        (("accuracy",), "must name a cost beside accuracy: params or macs or latency"),
        ((), "must have accuracy among them"),
    ],
)
def test_impossible_objectives_are_refused(objectives, says):
    with pytest.raises(ConfigError, match=r"^objectives ") as raised:
        costs_of(objectives)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


RECORDS = [
    complete(0, 100, 0.80, macs=9000, latency=latency(0.25)),
    complete(1, 200, 0.90, macs=3000, latency=latency(2.0)),
    complete(2, 400, 0.95, macs=6000, latency=latency(0.5)),
    complete(3, 800, 0.97, macs=90_000),
]


class TestHypervolume:
    def test_it_goes_by_the_cost_of_its_reference(self):
        macs = COSTS["macs"]
        at = reference_point(RECORDS, {}, 1000, "accuracy", macs)
        assert at.most == 180_000
        assert at.to_json() == {
            "accuracy": 0.0,
            "macs": 180_000,
            "name": "no accuracy, twice the most MACs of a trial",
        }
        grown = [step.hypervolume > 0 for step in course(RECORDS, at)]
        assert grown == [True] * 4
        cheaper = [complete(4, 900, 0.96, macs=1000)]
        by_macs = course([*RECORDS, *cheaper], at)
        assert by_macs[-1].hypervolume > by_macs[-2].hypervolume
        by_size = course(
            [*RECORDS, *cheaper], reference_point(RECORDS, {}, 1000, "accuracy")
        )
        assert by_size[-1].hypervolume == by_size[-2].hypervolume

    def test_what_was_never_timed_adds_nothing(self):
        at = reference_point(RECORDS, {}, 1000, "accuracy", COSTS["latency"])
        assert at.most == 4.0
        steps = course(RECORDS, at)
        assert steps[3].hypervolume == steps[2].hypervolume > steps[1].hypervolume

    def test_arms_are_compared_by_it(self):
        search = [complete(i, 500, 0.9, macs=1000 + i) for i in range(6)]
        random_arm = [
            complete(6 + i, 100, 0.9, macs=50_000 + i, arm="random") for i in range(6)
        ]
        records = [*search, *random_arm]
        at = reference_point(records, {}, 1000, "accuracy", COSTS["macs"])
        found = compare(records, at)
        assert found.difference > 0
        assert found.chance < 0.05
        by_size = compare(records, reference_point(records, {}, 1000, "accuracy"))
        assert by_size.difference < 0


class TestReport:
    COSTS = costs_of(("accuracy", "macs", "latency"))

    def found(self, records=RECORDS):
        at = reference_point(records, {}, 1000, "accuracy", self.COSTS[0])
        return summarize(records, at, {}, None, self.COSTS)

    def test_every_cost_has_a_picture(self, tmp_path):
        write_report(self.found(), tmp_path, title="digits", max_params=1000)
        names = {path.name for path in tmp_path.glob("*.png")}
        assert names >= {"front.png", "front-latency.png"}
        pictures = {(tmp_path / name).read_bytes() for name in names}
        assert len(pictures) == len(names)
        summary = json.loads((tmp_path / "summary.json").read_text())
        assert summary["costs"] == ["macs", "latency"]
        assert "macs" in summary["reference"]
        assert [row["trial"] for row in summary["front"]] == [1, 2, 0]

    def test_a_run_of_old_says_nothing_new(self):
        at = reference_point(RECORDS, {}, 1000, "accuracy")
        written = summarize(RECORDS, at, {}, None).to_json()
        assert "costs" not in written
        assert set(written["reference"]) == {"accuracy", "params", "name"}

    def test_it_names_those_that_were_never_timed(self):
        notes = "\n".join(self.found().notes)
        assert "Not on the front, for latency is not known: trial 3." in notes
        assert "not known" not in "\n".join(self.found(RECORDS[:3]).notes)

    def test_it_says_that_latencies_of_two_devices_do_not_compare(self):
        other = complete(4, 50, 0.7, latency=latency(0.1, device="A GPU"))
        said = "do not compare: on A GPU and Some CPU @ 2 GHz."
        assert any(said in note for note in self.found([*RECORDS, other]).notes)
        assert not any("compare" in note for note in self.found().notes)


def test_ticks_of_milliseconds_are_round():
    cost = COSTS["latency"]
    ticks = size_ticks(0.2 / cost.finest, 3.0 / cost.finest)
    written = [cost.tick(n * cost.finest) for n in ticks]
    assert written == ["0.2", "0.3", "0.5", "0.7", "1", "1.5", "2", "3"]
