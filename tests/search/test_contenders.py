"""Who is trained to the end, by what name."""

import json

import pytest
from made_run import SHAPE, architectures, record

from nas.errors import ConfigError
from nas.nn.cost import num_params
from nas.records import Recipe
from nas.search.contenders import Contender, known_networks, trial_contender

RECIPE = Recipe(epochs=7)


def known(*names, shape=SHAPE, sizes=(3_000, 5_000, 5_000)):
    return known_networks(
        names, input_shape=shape, num_classes=10, sizes=sizes, recipe=RECIPE
    )


def test_a_known_network_as_it_is():
    (found,) = known("resnet20")
    assert (found.name, found.trial, found.target) == ("resnet20", None, None)
    assert found.architecture.input_shape == SHAPE
    assert found.recipe == RECIPE
    assert 260_000 < found.params < 280_000


def test_at_a_size_and_at_those_of_the_front():
    found = known("resnet20@30k", " dla_small @ front ", "resnet20@30_000")
    assert [(c.name, c.target) for c in found] == [
        ("resnet20@30k", 30_000),
        ("dla_small@3k", 3_000),
        ("dla_small@5k", 5_000),
    ]
    for contender in found:
        size = num_params(contender.architecture)
        assert 0.9 * contender.target <= size <= contender.target


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("resnet21", "unknown network 'resnet21': did you mean 'resnet20'"),
        ("resnet20@", "what stands behind @ must be a size or 'front'"),
        ("resnet20@lots", "write for example resnet20@300k"),
        ("resnet20@0", "what stands behind @"),
        ("resnet20@50", "resnet20@50 cannot be had: it has"),
        ("googlenet", "googlenet cannot take these images: blocks"),
        ("", "unknown network ''"),
    ],
)
def test_what_cannot_be_had(name, complaint):
    with pytest.raises(ConfigError, match=complaint):
        known(name)


def test_it_is_read_as_it_was_written():
    trial = trial_contender(record(4, architectures(1)[0], 0.5), RECIPE)
    assert trial.name == "trial-4"
    for contender in (trial, *known("resnet20@30k")):
        data = json.loads(json.dumps(contender.to_json()))
        assert Contender.from_json(data) == contender
