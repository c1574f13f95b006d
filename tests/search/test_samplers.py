"""The samplers by name, and their parts against slower or numerical counterparts."""

import math

import numpy as np
import pytest
from made_run import bound
from scipy.optimize import check_grad

from nas.errors import ConfigError
from nas.nn.cost import num_params
from nas.search import SAMPLERS, SearchConfig
from nas.search.samplers import make_sampler
from nas.search.samplers.counted import Counted
from nas.search.samplers.evolution import ranks
from nas.search.samplers.improvement import Staircase, is_front
from nas.search.samplers.surrogate import Surrogate, _evidence
from nas.search.samplers.survival import survival


@pytest.mark.parametrize("name", [n for n in SAMPLERS if n != "grid"])
def test_every_name_makes_a_sampler(name):
    assert make_sampler(name, 0, bound())


def test_a_grid_needs_a_small_space():
    with pytest.raises(ConfigError, match="'grid' goes through at most 20,000") as info:
        make_sampler("grid", 0, bound(name="default"))
    assert "use 'size-aware'" in str(info.value)


def test_gp_refuses_many_trials():
    SearchConfig(sampler="gp", trials=300)
    with pytest.raises(ConfigError, match=r"at most 300 trials.*use 'size-aware'"):
        SearchConfig(sampler="gp", trials=301)


def test_genes_of_a_space_are_counted_as_they_decode():
    space = bound(name="default", max_params=30_000)
    counted = Counted(space)
    genes = space.encode(space.smallest)
    full = {
        name: genes.get(name, domain.options[0])
        for name, domain in space.domains.items()
    }
    assert counted.size_of(full) == num_params(space.smallest)
    assert set(counted.in_use(full)) == set(genes)


def test_the_expected_gain_is_that_of_drawing_many():
    rng = np.random.default_rng(0)
    sizes, errors = rng.random(12), rng.normal(size=12)
    stairs = Staircase.of(sizes, errors, start=0.0, end=1.2)

    def gain(size: float, error: float) -> float:
        """Integrate over the size, step by step."""
        at = np.linspace(0, 1.2, 4001)
        worst = errors.max()
        best = [min([worst, *errors[sizes <= t]]) for t in at]
        over = np.exp(best) - math.exp(error)
        return float(np.where(at >= size, np.maximum(over, 0), 0).mean() * 1.2)

    drawn = rng.normal(-0.5, 0.7, size=600)
    simulated = np.mean([gain(0.4, error) for error in drawn])
    exact = stairs.expected(np.array([0.4]), np.array([-0.5]), np.array([0.7]))[0]
    assert exact == pytest.approx(simulated, rel=0.15)


def test_ranks_are_fronts_taken_away():
    sizes = np.array([1.0, 2.0, 2.0, 3.0])
    errors = np.array([0.5, 0.4, 0.6, 0.7])
    assert is_front(sizes, errors).tolist() == [True, True, False, False]
    assert ranks(sizes, errors).tolist() == [0, 0, 1, 2]


def test_the_gradient_of_the_evidence():
    rng = np.random.default_rng(1)
    points, targets = rng.normal(size=(25, 5)), rng.normal(size=25)
    groups = np.array([0, 0, 1, 2, 2])
    hyper = rng.normal(size=5)
    off = check_grad(
        lambda h: _evidence(points, targets, groups, h)[0],
        lambda h: _evidence(points, targets, groups, h)[1],
        hyper,
    )
    assert off < 1e-4


def test_the_surrogate_remembers_and_doubts_what_is_far():
    rng = np.random.default_rng(2)
    points, targets = rng.normal(size=(20, 3)), rng.normal(size=20)
    hyper = np.array([0.0, 0.0, 0.0, 0.0, math.log(1e-4)])
    surrogate = Surrogate(points, targets, np.arange(3), hyper)
    mean, std = surrogate.predict(points)
    assert np.allclose(mean, targets, atol=0.05)
    assert surrogate.predict(points + 10)[1].min() > 5 * std.max()


def test_a_gene_that_always_fails_is_found_out():
    rng = np.random.default_rng(3)
    on = rng.integers(2, size=(60, 5)).astype(float)
    genes = np.concatenate([on, 1 - on], axis=1)
    bad = on[:, 2] == 1
    chance = survival(genes, genes[~bad], genes[bad])
    assert chance[bad].max() < 0.2
    assert chance[~bad].min() > 0.8
