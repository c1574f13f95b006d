import pytest

from nas.records import AUGMENTATIONS
from nas.train.policies import may_be_mirrored, suitable_policy


@pytest.mark.parametrize(
    ("size", "policy"),
    [
        ((8, 8), "none"),
        ((15, 200), "none"),
        ((16, 16), "light"),
        ((28, 28), "light"),
        ((31, 32), "light"),
        ((32, 32), "standard"),
        ((224, 160), "standard"),
    ],
)
def test_the_shorter_side_decides_the_policy(size, policy):
    assert suitable_policy(*size) == policy
    assert policy in AUGMENTATIONS


@pytest.mark.parametrize(
    ("name", "channels", "expected"),
    [
        ("cifar-10", 3, True),
        ("photos/cats_and_dogs", 3, True),
        ("hf:uoft-cs/cifar100", 3, True),
        ("x-rays", 1, False),
        ("digits", 1, False),
        ("fashion-mnist", 1, False),
        ("data/SVHN/cropped.npz", 3, False),
        ("hf:ylecun/mnist", 3, False),
        ("handwritten_letters", 3, False),
        ("lidar", 2, False),
        ("satellite", 4, True),
    ],
)
def test_only_pictures_in_colour_that_are_no_symbols_are_mirrored(
    name, channels, expected
):
    assert may_be_mirrored(name, channels) is expected
