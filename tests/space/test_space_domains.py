import random
from collections import Counter

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.space.domains import Choice, FloatRange, IntRange

DOMAINS = [
    Choice(("sum", "concat")),
    Choice((1, 2.5, 3)),
    Choice((True, False)),
    IntRange(2, 11, step=3),
    IntRange(1, 1000, log=True),
    IntRange(7, 7, log=True),
    FloatRange(-1.0, 2.0),
    FloatRange(1e-3, 10.0, log=True),
]


@pytest.mark.parametrize("domain", DOMAINS, ids=str)
def test_whatever_is_drawn_or_suggested_is_contained(domain):
    rng = random.Random(0)
    assert all(domain.contains(domain.sample(rng)) for _ in range(300))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(20):
        assert domain.contains(domain.suggest(study.ask(), "gene"))


@pytest.mark.parametrize("domain", DOMAINS[:6], ids=str)
def test_options_are_all_values(domain):
    assert len(domain.options) == domain.num_values
    assert all(map(domain.contains, domain.options))
    rng = random.Random(0)
    if domain.num_values < 10:
        assert {domain.sample(rng) for _ in range(300)} == set(domain.options)


@pytest.mark.parametrize(
    ("domain", "value"),
    [
        (Choice((1, 2)), 1.0),
        (Choice((1, 2)), True),
        (Choice((True,)), 1),
        (Choice(("3",)), 3),
        (IntRange(1, 5), True),
        (IntRange(1, 5), 2.0),
        (IntRange(1, 5), 6),
        (IntRange(1, 5, step=2), 2),
        (FloatRange(0.0, 1.0), True),
        (FloatRange(0.0, 1.0), 1.01),
        (FloatRange(0.0, 1.0), float("nan")),
        (FloatRange(0.0, 1.0), "0.5"),
    ],
)
def test_what_merely_resembles_a_value_is_not_contained(domain, value):
    assert not domain.contains(value)


def test_logarithmic_integers_are_even_in_their_logarithm():
    domain, rng = IntRange(1, 9999, log=True), random.Random(0)
    digits = Counter(len(str(domain.sample(rng))) for _ in range(4000))
    # The ends reach half a unit further: one digit has [0.5, 9.5) of [0.5, 9999.5).
    assert digits[1] / 4000 == pytest.approx(0.297, abs=0.03)
    for length in (2, 3, 4):
        assert digits[length] / 4000 == pytest.approx(0.233, abs=0.03)


@given(low=st.integers(1, 50), extra=st.integers(0, 50), step=st.integers(1, 7))
def test_options_of_a_range_are_its_steps(low, extra, step):
    domain = IntRange(low, low + extra * step, step=step)
    assert list(domain.options) == [low + i * step for i in range(extra + 1)]


def test_domains_read_well():
    assert str(Choice(("sum", 2, 0.5))) == "sum, 2, 0.5"
    assert str(IntRange(600, 50_000, log=True)) == "600 to 50,000, log"
    assert str(IntRange(4, 16, step=4)) == "4 to 16 in steps of 4"
    assert str(FloatRange(0.1, 2.0)) == "0.1 to 2.0"
