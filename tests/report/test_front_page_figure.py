"""The front as a figure to point at."""

import re
from dataclasses import replace

import pytest
from made_run import FACTS
from trial_records import SMALL, complete, failed

from nas.arch import Basic, Block, Hierarchical, Sum
from nas.noise import Repeat
from nas.report import COSTS, SIZE, Reference, repeat_facts, summarize
from nas.report.page.data import PageData
from nas.report.page.front_figure import MARKS, front_figures
from nas.report.page.write import page
from nas.report.retrained import Entrant, contest
from nas.retraining import Protocol
from nas.search import SearchConfig

AT = Reference(accuracy=0.1, most=2000, name="guessing, twice the budget")


def told(records, repeats=None, costs=SIZE) -> PageData:
    repeats = repeats or {}
    return PageData(
        name="first",
        summary=summarize(records, AT, repeats, None, costs),
        facts=FACTS,
        config=SearchConfig(max_params=1000).to_json(),
        repeats={trial: repeat_facts(several) for trial, several in repeats.items()},
    )


def points(figure, name: str | None = None) -> dict[int, tuple[float, float]]:
    return {
        trial: (x, y)
        for trace in figure.data
        if "customdata" in trace and trace["meta"] in (name, name or trace["meta"])
        for trial, x, y in zip(trace["customdata"], trace["x"], trace["y"], strict=True)
    }


def test_the_front_figure_has_every_compared_trial_once():
    records = [
        complete(0, 100, 0.5),
        complete(1, 500, 0.8),
        complete(2, 900, 0.7),
        failed(3),
    ]
    (figure,) = front_figures(told(records))
    assert points(figure) == {0: (100, 0.5), 1: (500, 0.8), 2: (900, 0.7)}
    assert points(figure, "the front").keys() == {0, 1}
    (line,) = (t for t in figure.data if t.get("mode") == "lines")
    assert line["y"] == [0.5, 0.8, 0.8]
    assert line["line"]["shape"] == "hv"
    assert figure.layout["shapes"][0]["x0"] == 1000
    assert "3 trials, 2 of them on the front" in figure.words


def test_shape_and_colour_tell_aggregations_apart():
    assert len({symbol for symbol, _ in MARKS.values()}) == len(MARKS)
    assert len({colour for _, colour in MARKS.values()}) == len(MARKS)
    two = replace(
        SMALL,
        blocks=(
            Block(aggregation=Sum(), unit=Basic(), depth=1, width=8),
            Block(aggregation=Hierarchical(), unit=Basic(), depth=2, width=8),
        ),
    )
    records = [complete(0, 100, 0.5), complete(1, 500, 0.8, architecture=two)]
    (figure,) = front_figures(told(records))
    symbols = {
        trace["customdata"][0]: trace["marker"]["symbol"]
        for trace in figure.data
        if "customdata" in trace
    }
    assert symbols == {0: MARKS["sum"][0], 1: MARKS["mixed"][0]}


def test_random_search_has_a_dashed_front_of_its_own():
    records = [
        complete(0, 100, 0.5),
        complete(1, 120, 0.6, arm="random"),
        complete(2, 900, 0.7),
    ]
    (figure,) = front_figures(told(records))
    ours, theirs = (t for t in figure.data if t.get("mode") == "lines")
    assert (ours["name"], ours["y"]) == ("front of the search", [0.5, 0.7, 0.7])
    assert (theirs["name"], theirs["y"]) == ("front of random search", [0.6, 0.6])
    assert theirs["line"]["dash"] == "dash"


def again(number: int, accuracy: float) -> Repeat:
    return Repeat(
        trial=0,
        number=number,
        status="complete",
        seconds=1.0,
        accuracy=accuracy,
        loss=0.5,
        curve=(accuracy,),
        seed=number,
        device="cpu",
        error=None,
        reason=None,
        batch_size=None,
        finished="2026-01-02T03:04:05+00:00",
    )


def test_repeated_trials_stand_with_their_interval():
    repeats = {0: (again(2, 0.6), again(3, 0.62))}
    data = told([complete(0, 100, 0.9), complete(1, 900, 0.8)], repeats)
    low, high = data.repeats[0].low, data.repeats[0].high
    (figure,) = front_figures(data)
    assert points(figure)[0] == (100, pytest.approx(0.61))
    bars = next(t["error_y"] for t in figure.data if t.get("customdata") == [0, 1])
    assert bars["array"] == [pytest.approx(high - 0.61), 0]
    assert bars["arrayminus"] == [pytest.approx(0.61 - low), 0]
    assert f"{100 * low:.2f} to {100 * high:.2f}" in page(data)


def test_an_interval_reaches_down_to_nothing():
    repeats = {0: (again(2, 0.05), again(3, 0.4))}
    data = told([complete(0, 100, 0.9), complete(1, 900, 0.8)], repeats)
    assert data.repeats[0].low == 0.0
    (figure,) = front_figures(data)
    (bars,) = (t["error_y"] for t in figure.data if "error_y" in t)
    assert sum(bars["arrayminus"]) == pytest.approx(0.225)


def test_means_of_repeats_and_first_results_are_not_alike():
    records = [complete(0, 100, 0.9), complete(1, 200, 0.8, arm="random")]
    (figure,) = front_figures(told(records, {0: (again(2, 0.6), again(3, 0.62))}))
    assert "others at their first result" in figure.words
    (figure,) = front_figures(told(records))
    assert "first result" not in figure.words


def test_a_network_that_is_worse_in_a_cost_is_not_praised():
    costs = (COSTS["params"], COSTS["macs"])
    best = complete(0, 500, 0.8, macs=5)
    worse = told([best, complete(1, 100, 0.795, macs=9)], costs=costs)
    assert "Within a percentage point" not in page(worse)
    assert "accuracy and parameters alone" in next(front_figures(worse)).words
    better = told([best, complete(1, 100, 0.795, macs=3)], costs=costs)
    assert "Within a percentage point" in page(better)


@pytest.mark.parametrize("linear", [0.7, 0.9])
def test_a_linear_model_that_does_no_worse_is_told_of(linear):
    data = told([complete(0, 500, 0.8)])
    facts = {"baselines": {"linear": {"accuracy": linear, "balanced_accuracy": 0.5}}}
    said = "A linear model on the pixels does no worse" in page(
        replace(data, facts=FACTS | facts)
    )
    assert said == (linear >= 0.8)


def test_the_page_has_one_name_for_hierarchical_aggregation():
    block = Block(aggregation=Hierarchical(), unit=Basic(), depth=2, width=8)
    record = complete(0, 100, 0.5, architecture=replace(SMALL, blocks=(block,)))
    html = page(told([record]))
    own = html[: html.rindex("<script>")]
    assert "mostly hierarchical" in own
    assert 'data-kind="hierarchical"' in own
    assert not re.search(r"(?<!-)\btree\b", own[: own.index("<script>")])


def test_one_figure_for_each_cost():
    costs = (COSTS["macs"], COSTS["params"])
    records = [complete(0, 100, 0.5, macs=9), complete(1, 500, 0.8, macs=5)]
    macs, params = front_figures(told(records, costs=costs))
    assert (macs.name, params.name) == ("front-macs", "front-params")
    assert points(macs)[0] == (9, 0.5)
    assert "shapes" not in macs.layout  # the budget is one of parameters


def known(name: str, validated: dict[int, float], trial: int | None = None) -> Entrant:
    return Entrant(
        name=name,
        trial=trial,
        params=400,
        size=400,
        macs=9,
        costs=(400,),
        epochs=2,
        searched=None,
        reached=dict.fromkeys(validated, 0.1),
        validated=validated,
        failed=0,
    )


def stars(protocol: Protocol) -> list[dict]:
    found = contest(
        protocol,
        [known("<b>net</b>", {1: 0.6, 2: 0.7}), known("trial-0", {1: 0.5}, trial=0)],
        100,
    )
    data = replace(told([complete(0, 400, 0.5)]), contests={protocol: found})
    (figure,) = front_figures(data)
    return [trace for trace in figure.data if trace["name"].startswith("known")]


def test_known_networks_are_in_sight():
    found = contest(Protocol(), [known("poor", {1: 0.2, 2: 0.21})], 100)
    data = replace(told([complete(0, 400, 0.9)]), contests={Protocol(): found})
    (figure,) = front_figures(data)
    assert figure.layout["yaxis"]["range"][0] < 0.2


def test_known_networks_stand_beside_the_trials_at_the_same_recipe():
    (trace,) = stars(Protocol())
    assert (trace["x"], trace["y"]) == ([400], [pytest.approx(0.65)])
    assert trace["error_y"]["array"][0] > 0
    assert trace["text"][0].startswith("&lt;b>net&lt;/b><br>65.00")


@pytest.mark.parametrize(
    "protocol", [Protocol(epochs=30), Protocol(use_validation=True)], ids=str
)
def test_known_networks_that_were_trained_otherwise_do_not(protocol):
    assert stars(protocol) == []
