import pytest

from nas.errors import ConfigError, RunError
from nas.records import Recipe
from nas.search import SearchConfig


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("trials", 0, "trials must be an integer of at least 1; got 0"),
        ("trials", 2.0, "trials must be an integer of at least 1; got 2.0"),
        ("trials", True, "got True"),
        ("max_params", 0, "max_params must be"),
        ("max_params", "30k", "got '30k'"),
        ("seed", -1, "seed must be an integer of at least 0; got -1"),
        ("workers", -1, "workers must be"),
        ("image_size", 3, "image_size must be an integer of at least 4; got 3"),
        ("data_memory", 1000, "data_memory must be an integer of at least 1048576"),
        ("repeats", 0, "repeats must be an integer of at least 1; got 0"),
        ("baseline", "rando", "unknown baseline 'rando': did you mean 'random'?"),
        ("sampler", "tpee", "unknown sampler 'tpee': did you mean 'tpe'?"),
        ("device", "gpu", "unknown device 'gpu': choose auto or cpu or cuda"),
    ],
)
def test_impossible_values_are_refused(name, value, says):
    with pytest.raises(ConfigError) as raised:
        SearchConfig(**{name: value})
    assert says in str(raised.value)


@pytest.mark.parametrize(
    "config",
    [
        SearchConfig(),
        SearchConfig(workers=0, recipe=Recipe(optimizer="adamw", flip=True)),
        SearchConfig(image_size=48, data_memory=2**30),
        SearchConfig(baseline="random", repeats=5),
    ],
)
def test_json_and_back(config):
    assert SearchConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize("where", ["config", "recipe"])
@pytest.mark.parametrize("change", ["more", "fewer"])
def test_other_keys_are_refused(where, change):
    data = SearchConfig().to_json()
    part = data if where == "config" else data["recipe"]
    if change == "more":
        part["colour"] = "red"
    else:
        del part["seed" if where == "config" else "lr"]
    with pytest.raises(RunError, match="must have just the keys"):
        SearchConfig.from_json(data)


def test_what_earlier_versions_wrote_means_what_it_meant():
    data = SearchConfig(trials=7).to_json()
    del data["baseline"], data["repeats"]
    assert SearchConfig.from_json(data) == SearchConfig(trials=7)
