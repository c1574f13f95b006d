import os

import pytest

from nas.records import Recipe
from nas.search import SearchConfig, precision
from nas.search.precision import settled_recipe
from nas.space import BoundSpace, SearchSpace

BOUND = BoundSpace(
    space=SearchSpace.load("minimal"),
    input_shape=(1, 8, 8),
    num_classes=10,
    max_params=8_000,
)


def config(precision: str = "auto", workers: int | None = None) -> SearchConfig:
    recipe = Recipe(epochs=3, precision=precision)
    return SearchConfig(device="cpu", workers=workers, recipe=recipe)


def without_asking(*_: object) -> str:
    raise AssertionError


def in_this_process(architectures, batch_size) -> str:
    assert len(architectures) == precision.NETWORKS
    assert batch_size == 64
    assert in_this_process.expected == os.getpid()
    return "bf16"


def dying(*_: object) -> str:
    os._exit(1)


@pytest.mark.parametrize("name", ["float32", "bf16"])
def test_what_a_recipe_says_stays(monkeypatch, name):
    monkeypatch.setattr(precision, "measured_precision", without_asking)
    asked = config(name)
    assert settled_recipe(asked, BOUND)() == asked.recipe


@pytest.fixture
def with_units(monkeypatch):
    def resolve(measure, *, on_gpu, side):
        assert (on_gpu, side) == (False, 8)
        return measure()

    monkeypatch.setattr(precision, "resolve_precision", resolve)


def test_a_search_in_this_process_measures_here(monkeypatch, with_units):
    in_this_process.expected = os.getpid()
    monkeypatch.setattr(precision, "measured_precision", in_this_process)
    settled = settled_recipe(config(workers=0), BOUND)()
    assert settled == Recipe(epochs=3, precision="bf16")


def test_one_with_workers_measures_in_a_process_of_its_own(with_units):
    settled = settled_recipe(config(workers=1), BOUND)()
    assert settled.precision in ("float32", "bf16")
    assert settled == Recipe(epochs=3, precision=settled.precision)


def test_a_measurement_that_dies_is_none(monkeypatch, with_units):
    monkeypatch.setattr(precision, "measured_precision", dying)
    assert settled_recipe(config(workers=1), BOUND)().precision == "float32"
