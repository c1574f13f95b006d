import numpy as np
import pytest

from nas.data import Dataset, Split
from nas.data.dataset import channel_statistics


def split(num_images: int) -> Split:
    rng = np.random.default_rng(num_images)
    return Split(
        images=rng.integers(0, 256, (num_images, 3, 5, 4), dtype=np.uint8),
        labels=rng.integers(0, 2, num_images),
    )


def test_a_search_sees_everything_but_the_test_split() -> None:
    dataset = Dataset(
        name="noise",
        classes=("a", "b"),
        train=split(8),
        validation=split(4),
        test=split(2),
        mean=(0.5,) * 3,
        std=(0.2,) * 3,
    )
    data = dataset.for_search()
    assert not hasattr(data, "test")
    assert data.train is dataset.train
    assert data.validation is dataset.validation
    assert (data.name, data.classes) == ("noise", ("a", "b"))
    assert (data.mean, data.std) == (dataset.mean, dataset.std)
    assert data.input_shape == (3, 5, 4)
    assert data.num_classes == 2


def test_channel_statistics_are_those_of_images_in_0_to_1() -> None:
    images = split(50).images
    mean, std = channel_statistics(images)
    assert mean == pytest.approx((images / 255).mean(axis=(0, 2, 3)))
    assert std == pytest.approx((images / 255).std(axis=(0, 2, 3)))


def test_a_constant_channel_can_be_divided_by_its_deviation() -> None:
    mean, std = channel_statistics(np.full((4, 1, 2, 2), 51, dtype=np.uint8))
    assert mean == pytest.approx((0.2,))
    assert std == (1.0,)
