"""A worker that has a test split tests every network once, when it is trained."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from nas.arch import Basic, Block, StemConv, Sum
from nas.arch.architecture import Architecture, AuxHead
from nas.data import load, retraining_data
from nas.nn.build import build
from nas.records import EvalRequest, Recipe
from nas.train.evaluate import Evaluator
from nas.train.resident import ResidentFeed

DIGITS = load("digits")
NETWORK = Architecture(
    input_shape=(1, 8, 8),
    num_classes=10,
    stem=(StemConv(width=4),),
    blocks=(Block(aggregation=Sum(), unit=Basic(), depth=1, width=4, stride=2),),
    aux=(AuxHead(after=0),),
)


def trained(folder, *, use_validation=False, **recipe):
    data = retraining_data(DIGITS, use_validation=use_validation)
    evaluate = Evaluator(
        data.search, "cpu", test=data.test, validates=not use_validation
    )
    return evaluate(
        EvalRequest(
            trial=0,
            architecture=NETWORK,
            recipe=Recipe(**({"epochs": 2} | recipe)),
            seed=3,
            folder=str(folder),
        )
    )


def accuracy_of(weights) -> tuple[float, float]:
    """What a network with these weights reaches on the test split, counted here."""
    network = build(NETWORK, DIGITS.mean, DIGITS.std, 0)
    network.load_state_dict(load_file(weights))
    network.eval()
    images = torch.from_numpy(np.array(DIGITS.test.images)).float() / 255
    with torch.no_grad():
        found = network(images).argmax(dim=1).numpy()
    right = found == DIGITS.test.labels
    per_class = [right[DIGITS.test.labels == c].mean() for c in range(10)]
    return right.mean(), float(np.mean(per_class))


def test_the_accuracy_is_that_of_the_weights(tmp_path):
    result = trained(tmp_path)
    assert result.status == "complete", result.error
    assert len(result.curve) == 2
    assert result.accuracy == result.curve[-1]
    tested = result.tested
    accuracy, balanced = accuracy_of(tmp_path / "weights.safetensors")
    assert tested.accuracy == pytest.approx(accuracy, abs=1e-12)
    assert tested.balanced_accuracy == pytest.approx(balanced)
    assert tested.images == len(DIGITS.test)
    assert tested.objective(Recipe()) == tested.accuracy
    judged = Recipe(objective="balanced-accuracy")
    assert tested.objective(judged) == tested.balanced_accuracy


def test_testing_changes_nothing_about_the_training(tmp_path):
    data = DIGITS.for_search()
    request = EvalRequest(
        trial=0,
        architecture=NETWORK,
        recipe=Recipe(epochs=2),
        seed=3,
        folder=str(tmp_path / "alone"),
    )
    alone = Evaluator(data, "cpu")(request)
    result = trained(tmp_path / "tested")
    assert (alone.weights, alone.curve, alone.loss) == (
        result.weights,
        result.curve,
        result.loss,
    )
    assert alone.tested is None


def test_with_the_validation_images_nothing_is_validated(tmp_path):
    result = trained(tmp_path, use_validation=True)
    assert result.status == "complete", result.error
    assert (result.curve, result.accuracy, result.loss) == ((), None, None)
    assert result.tested.images == len(DIGITS.test)
    apart = trained(tmp_path / "apart")
    assert apart.weights != result.weights


def test_the_test_images_are_handed_out_once(tmp_path, monkeypatch):
    seen = []
    original = ResidentFeed.batches

    def batches(self, order, sizes):
        seen.append((len(self), len(order)))
        return original(self, order, sizes)

    monkeypatch.setattr(ResidentFeed, "batches", batches)
    trained(tmp_path, epochs=3)
    count = len(DIGITS.test)
    assert seen.count((count, count)) == 1
    assert seen[-1] == (count, count)


def test_one_that_diverges_is_not_tested(tmp_path):
    data = retraining_data(DIGITS, use_validation=True)
    search = replace(data.search, mean=(float("nan"),))
    evaluate = Evaluator(search, "cpu", test=data.test, validates=False)
    result = evaluate(
        EvalRequest(
            trial=0,
            architecture=NETWORK,
            recipe=Recipe(epochs=1),
            seed=0,
            folder=str(tmp_path),
        )
    )
    assert (result.status, result.reason) == ("failed", "diverged")
    assert result.tested is None
