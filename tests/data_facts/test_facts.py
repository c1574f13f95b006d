import json

import pytest
import yaml
from made_data import made_dataset

from nas.data import load
from nas.data.facts import describe


def test_it_counts_what_there_is():
    facts = describe(
        made_dataset(
            given=("train", "test"),
            duplicates={"train/test": 2},
            unreadable=1,
            warnings=("one file is broken",),
        )
    )
    assert facts.classes == ("class 0", "class 1", "class 2")
    assert facts.shape == (1, 6, 6)
    assert (facts.train, facts.validation, facts.test) == (78, 18, 18)
    assert facts.fitted == 60
    assert facts.counts == {
        "train": (39, 26, 13),
        "validation": (9, 6, 3),
        "test": (8, 6, 4),
    }
    assert facts.imbalance == 3.0
    assert facts.given == {"train": 78, "test": 18}
    assert facts.duplicates == {"train/test": 2}
    assert (facts.unreadable, facts.warnings) == (1, ("one file is broken",))
    assert set(facts.baselines) == {"majority", "linear"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((), {}),
        (("train",), {"train": 96}),
        (("train", "validation"), {"train": 78, "validation": 18}),
        (("train", "test"), {"train": 78, "test": 18}),
        (
            ("train", "validation", "test"),
            {"train": 60, "validation": 18, "test": 18},
        ),
    ],
)
def test_what_was_made_was_taken_from_the_training_images(given, expected):
    assert describe(made_dataset(given=given)).given == expected


def test_a_class_without_training_images_is_counted_as_such():
    given = ("train", "validation", "test")
    facts = describe(made_dataset(train=(30, 0, 10), given=given))
    assert facts.fitted == facts.train == 40
    assert facts.counts["train"] == (30, 0, 10)
    assert facts.imbalance == 30.0


def test_they_are_plain_data():
    data = describe(made_dataset(warnings=("a", "b"))).to_json()
    assert json.loads(json.dumps(data)) == data
    assert yaml.safe_load(yaml.safe_dump(data)) == data
    assert {"classes", "train", "validation", "test", "shape"} <= set(data)
    assert data["shape"] == [1, 6, 6]
    assert data["counts"]["test"] == [8, 6, 4]
    assert data["imbalance"] == 3.0
    assert 0 <= data["baselines"]["linear"]["balanced_accuracy"] <= 1


def test_those_of_digits():
    facts = describe(load("digits"))
    assert facts.train + facts.test == 1797
    assert facts.fitted + facts.validation == facts.train
    assert facts.imbalance < 1.1
    assert facts.baselines["majority"].accuracy == pytest.approx(0.1, abs=0.02)
    # A logistic regression is known to reach some 96% on these.
    assert facts.baselines["linear"].accuracy == pytest.approx(0.96, abs=0.02)
