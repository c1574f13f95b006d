from dataclasses import replace

import numpy as np
import pytest
from made_data import made_dataset, made_split

from nas.data import Split
from nas.data import baselines as module
from nas.data.baselines import baselines


def test_the_majority_is_that_of_the_training_split():
    dataset = made_dataset(train=(30, 50, 20), validation=(6, 2, 2))
    found = baselines(dataset)["majority"]
    assert found.accuracy == 0.2
    assert found.balanced_accuracy == pytest.approx(1 / 3, abs=1e-4)
    assert (found.train, found.validation) == (100, 10)


def test_the_linear_model_learns_what_is_linear_and_nothing_from_noise():
    dataset = made_dataset(train=(60, 60), validation=(50, 50))
    assert baselines(dataset)["linear"].accuracy == 1.0
    blind = replace(
        dataset,
        train=Split(
            images=made_split((120,)).images[:, ::-1], labels=dataset.train.labels
        ),
    )
    assert baselines(blind)["linear"].accuracy < 0.8


def test_the_test_split_is_never_looked_at():
    dataset = made_dataset()
    spoilt = replace(
        dataset, test=replace(dataset.test, images=255 - dataset.test.images)
    )
    empty = replace(
        dataset,
        test=Split(images=dataset.test.images[:0], labels=np.zeros(0, dtype=np.int64)),
    )
    assert baselines(dataset) == baselines(spoilt) == baselines(empty)


def test_large_splits_are_sampled_with_every_class_in_it(monkeypatch):
    monkeypatch.setattr(module, "IMAGES", 100)
    monkeypatch.setattr(module, "LEAST_IMAGES", 10)
    dataset = made_dataset(train=(5000, 1, 1), validation=(300, 20, 20))
    found = baselines(dataset)
    assert 100 <= found["linear"].train <= 103
    assert 100 <= found["linear"].validation <= 103
    assert found == baselines(dataset)
    assert found != baselines(dataset, seed=1)


@pytest.mark.parametrize(
    ("shape", "num_classes", "expected"),
    [
        ((1, 8, 8), 10, 10_000),
        ((1, 28, 28), 10, 10_000),
        ((3, 32, 32), 100, 9765),
        ((3, 224, 224), 10, 891),
        ((3, 32, 32), 1000, 976),
        ((3, 1024, 1024), 1000, 500),
    ],
)
def test_more_work_for_an_image_means_fewer_images(shape, num_classes, expected):
    assert module._affordable(shape, num_classes) == expected


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32), (3, 61, 100), (2, 4, 3000)])
def test_images_are_averaged_over_squares(shape):
    split = made_split((3, 3), shape)
    features = module._features(split, np.array([0, 2, 5]))
    assert features.dtype == np.float32
    assert len(features) == 3
    assert features.shape[1] <= module.FEATURES
    # Squares at the edges are smaller, so that the means are only nearly the same.
    means = split.images[[0, 2, 5]].mean(axis=(1, 2, 3))
    assert features.mean(axis=1) == pytest.approx(means, rel=0.02)


def test_a_square_at_the_edge_is_the_mean_of_what_it_has():
    images = np.arange(15, dtype=np.uint8).reshape(1, 1, 3, 5)
    expected = [[3, 5, 6.5], [10.5, 12.5, 14]]
    assert module._averaged(images, 2).tolist() == [[*expected[0], *expected[1]]]
