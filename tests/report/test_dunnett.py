"""Networks compared with one of them: intervals that hold all at once."""

import random
from math import log, sqrt
from statistics import fmean

import numpy as np
import pytest
from scipy.stats import t as student
from scipy.stats import ttest_rel

from nas.report.blocks import accuracy_of, log_odds
from nas.report.dunnett import _Largest, versus

IMAGES = 1000


def accuracies(rng, mean, seeds, noise=0.004):
    """Accuracies that share the luck of their seeds, in whole images."""
    return {
        number: round(IMAGES * (mean + luck + rng.gauss(0, noise))) / IMAGES
        for number, luck in enumerate(seeds, start=1)
    }


@pytest.fixture
def reached():
    rng = random.Random(0)
    seeds = [rng.gauss(0, 0.01) for _ in range(5)]
    means = {"base": 0.9, "same": 0.9, "worse": 0.86, "better": 0.94}
    return {name: accuracies(rng, mean, seeds) for name, mean in means.items()}


def test_odds_and_back():
    for accuracy in (0, 0.001, 0.5, 0.973, 1):
        assert accuracy_of(log_odds(accuracy, IMAGES), IMAGES) == pytest.approx(
            accuracy
        )
    assert accuracy_of(log_odds(1, IMAGES) + 3, IMAGES) == 1
    assert accuracy_of(-50, IMAGES) == 0


@pytest.mark.parametrize(
    ("number", "freedom", "critical"),
    # Dunnett (1964), table of two-sided comparisons at 5 %.
    [(2, 10, 2.57), (3, 12, 2.68), (5, 20, 2.73), (9, 16, 3.02)],
)
def test_the_limits_are_those_of_dunnetts_table(number, freedom, critical):
    correlation = np.full((number, number), 0.5)
    np.fill_diagonal(correlation, 1)
    found = _Largest(correlation, freedom).quantile(0.95)
    assert found == pytest.approx(critical, abs=0.01)


def test_one_comparison_is_students_paired_test(reached):
    two = {name: reached[name] for name in ("base", "worse")}
    found = versus("base", two, IMAGES)["worse"]
    base, worse = ([log_odds(a, IMAGES) for a in two[n].values()] for n in two)
    test = ttest_rel(worse, base)
    assert found.p == pytest.approx(test.pvalue, abs=1e-3)
    low, high = test.confidence_interval(0.95)
    mean = fmean(two["base"].values())
    odds = log(mean * IMAGES + 0.5) - log(IMAGES - mean * IMAGES + 0.5)
    for end, expected in ((found.low, low), (found.high, high)):
        assert end == pytest.approx(accuracy_of(odds + expected, IMAGES) - mean, 2e-2)


def test_several_by_hand(reached):
    found = versus("base", reached, IMAGES)
    odds = np.array(
        [[log_odds(a, IMAGES) for a in r.values()] for r in reached.values()]
    )
    networks, seeds = odds.shape
    rest = (
        odds
        - odds.mean(axis=1, keepdims=True)
        - odds.mean(axis=0, keepdims=True)
        + odds.mean()
    )
    freedom = (networks - 1) * (seeds - 1)
    spread = sqrt(2 * (rest**2).sum() / freedom / seeds)
    limit = 2.68  # three comparisons, twelve degrees of freedom
    mean = fmean(reached["base"].values())
    start = log_odds(mean, IMAGES)
    for name, row in zip(reached, odds, strict=True):
        if name == "base":
            continue
        one = found[name]
        pairs = zip(reached[name].values(), reached["base"].values(), strict=True)
        assert one.difference == pytest.approx(fmean(a - b for a, b in pairs))
        effect = row.mean() - odds[0].mean()
        low = accuracy_of(start + effect - limit * spread, IMAGES) - mean
        high = accuracy_of(start + effect + limit * spread, IMAGES) - mean
        assert (one.low, one.high) == pytest.approx((low, high), abs=2e-4)
        single = 2 * student.sf(abs(effect) / spread, freedom)
        assert single - 1e-4 <= one.p <= min(1, 3 * single) + 1e-3
        assert one.apart is (one.p < 0.05)
    assert [name for name, one in found.items() if one.apart] == ["worse", "better"]


def test_the_luck_of_seeds_cancels_out(reached):
    far = {
        name: {seed: a - 0.05 * (seed % 2) for seed, a in own.items()}
        for name, own in reached.items()
    }
    for name, one in versus("base", far, IMAGES).items():
        before = versus("base", reached, IMAGES)[name]
        assert one.apart is before.apart
        assert one.difference == pytest.approx(before.difference)


def test_one_seed_has_no_intervals():
    found = versus("a", {"a": {1: 0.9}, "b": {1: 0.8}}, IMAGES)["b"]
    assert found.difference == pytest.approx(-0.1)
    assert (found.low, found.high, found.p, found.apart) == (None, None, None, False)


def test_without_any_spread_nothing_is_claimed():
    same = {1: 0.9, 2: 0.9, 3: 0.9}
    found = versus("a", {"a": same, "b": dict.fromkeys(same, 0.8)}, IMAGES)["b"]
    assert (found.low, found.apart) == (None, False)


def test_trainings_that_are_missing(reached):
    del reached["worse"][2], reached["worse"][3]
    reached["same"] = {}
    found = versus("base", reached, IMAGES)
    assert found["same"].difference is None
    assert found["worse"].apart
    both = [reached["worse"][n] - reached["base"][n] for n in (1, 4, 5)]
    assert found["worse"].difference == pytest.approx(fmean(both))
    # Fewer trainings say less.
    widths = {n: one.high - one.low for n, one in found.items() if one.low is not None}
    assert widths["worse"] > widths["better"]
    nothing = versus("base", reached | {"base": {}}, IMAGES)
    assert {one.difference for one in nothing.values()} == {None}
