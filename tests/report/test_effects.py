"""What accuracy goes by is found where it is known, and not found in noise."""

import json
import math
import random
from dataclasses import replace

import pytest
from test_write import report
from trial_records import SMALL, complete, failed

from nas.report import Effects, effects


def trials(number: int, error, seed: int = 0):
    """Return trials whose log error is ``error(genes, log size, rng)``, about -3."""
    rng = random.Random(seed)
    records = []
    for trial in range(number):
        genes = {
            "block1.unit": rng.choice(["basic", "separable", "bottleneck"]),
            "block1.depth": rng.choice([1, 2, 3]),
            "target": 5000,
            "recipe.lr": math.exp(rng.uniform(-4, 0)),
            "recipe.augment": rng.choice(["none", "light"]),
        }
        if rng.random() < 0.5:
            genes["recipe.sgd.weight_decay"] = rng.choice([0.1, 0.2])
        size = math.exp(rng.uniform(7, 10))
        accuracy = 1 - math.exp(-3 + error(genes, math.log(size), rng))
        architecture = replace(SMALL, genes=genes)
        records.append(
            complete(trial, round(size), accuracy, architecture=architecture)
        )
    return records


CAUSES = {
    "recipe": lambda genes, size, rng: abs(math.log(genes["recipe.lr"]) + 2),
    "architecture": lambda genes, size, rng: genes["block1.unit"] == "basic",
    "size": lambda genes, size, rng: (8.5 - size) / 2,
}


@pytest.mark.parametrize("cause", CAUSES)
def test_the_cause_gets_nearly_all_and_the_others_nothing(cause):
    found = effects(trials(40, CAUSES[cause]))
    assert found.trials == 40
    for name, share in found.groups.items():
        assert share.low <= share.value <= share.high
        if name == cause:
            assert share.value > 0.7
        else:
            assert abs(share.value) < 0.15
    assert sum(s.value for s in found.groups.values()) == pytest.approx(
        found.explained.value
    )
    assert set(found.recipe) == {"lr", "augment", "weight_decay"}
    assert (found.recipe["lr"].value > 0.5) == (cause == "recipe")
    assert abs(found.recipe["augment"].value) < 0.1


def test_two_causes_share():
    def both(genes, size, rng):
        return CAUSES["recipe"](genes, size, rng) + 2 * CAUSES["size"](genes, size, rng)

    found = effects(trials(80, both)).groups
    assert min(found["recipe"].value, found["size"].value) > 0.15
    assert abs(found["architecture"].value) < 0.1


def test_noise_explains_nothing():
    for seed in range(3):
        found = effects(trials(40, lambda *_: random.Random(0).gauss(0, 0), seed))
        assert found is None  # all trials are equal
        found = effects(trials(40, lambda g, s, rng: rng.gauss(0, 0.5), seed))
        assert found.explained.low <= 0


def test_too_few_trials_and_recipes_that_do_not_differ():
    records = trials(19, CAUSES["recipe"])
    assert effects(records) is None
    assert effects([*records, failed(20), failed(21)]) is None
    same = [
        replace(r, architecture=replace(SMALL, genes={"block1.depth": r.trial % 3}))
        for r in trials(30, CAUSES["size"])
    ]
    assert effects(same) is None
    assert effects([]) is None


def test_the_same_trials_say_the_same():
    records = trials(25, CAUSES["size"])
    assert effects(records) == effects(records)


def test_they_are_written_and_read(tmp_path):
    found = effects(trials(24, CAUSES["recipe"]))
    report([complete(0, 1, 0.5)], tmp_path, effects=found)
    written = json.loads((tmp_path / "effects.json").read_text())
    assert Effects.from_json(written) == found
    report([complete(0, 1, 0.5)], tmp_path)
    assert not (tmp_path / "effects.json").exists()
