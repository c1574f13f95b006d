import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.utils.class_weight import compute_class_weight

from nas.train.imbalance import accuracies, class_weights


def test_weights_are_those_that_scikit_learn_calls_balanced():
    labels = np.array([0] * 70 + [1] * 20 + [2] * 7)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    weights = class_weights(torch.from_numpy(labels), 3)
    assert weights.dtype == torch.float32
    assert weights.tolist() == pytest.approx(expected.tolist())


def test_a_class_without_images_has_a_weight_like_that_of_one():
    weights = class_weights(torch.tensor([0, 0, 0, 0, 2]), 3)
    assert weights[1] == weights[2]
    assert weights[[0, 0, 0, 0, 2]].mean() == pytest.approx(1.0)


def test_accuracies_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    actual = rng.choice(4, 200, p=[0.7, 0.2, 0.06, 0.04])
    guess = np.where(rng.random(200) < 0.6, actual, 0)
    hits = torch.from_numpy(np.bincount(actual[guess == actual], minlength=5))
    counts = torch.from_numpy(np.bincount(actual, minlength=5))  # class 4 has none
    assert accuracies(hits, counts) == pytest.approx(
        (accuracy_score(actual, guess), balanced_accuracy_score(actual, guess))
    )
