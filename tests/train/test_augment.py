import pytest
import torch
from torch import Generator, Tensor
from torch.nn.functional import pad

from nas.records import AUGMENTATIONS
from nas.train.augment import POLICIES, augment, cutout, flip, shift


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


@pytest.fixture
def images() -> Tensor:
    shape = (64, 3, 16, 24)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=seeded(9))


def test_there_is_a_policy_for_every_name_of_a_recipe() -> None:
    assert set(POLICIES) == set(AUGMENTATIONS)


@pytest.mark.parametrize("policy", POLICIES)
def test_policies_keep_shape_and_dtype_and_follow_the_seed(
    policy: str, images: Tensor
) -> None:
    result = augment(images, policy, seeded(), mirrored=False)
    assert (result.shape, result.dtype) == (images.shape, images.dtype)
    assert torch.equal(result, augment(images, policy, seeded(), mirrored=False))
    if policy == "none":
        assert torch.equal(result, images)
    else:
        other = augment(images, policy, seeded(1), mirrored=False)
        assert not torch.equal(result, other)


@pytest.mark.parametrize("policy", POLICIES)
def test_images_are_mirrored_whatever_the_policy_if_they_may_be(policy: str) -> None:
    # Left is dark, right is bright, and no shift or cover changes which is which.
    ramp = torch.arange(0, 240, 10, dtype=torch.uint8).expand(200, 1, 16, 24)
    for mirrored in (True, False):
        result = augment(ramp, policy, seeded(), mirrored=mirrored).float()
        turned = result[..., :12].mean((1, 2, 3)) > result[..., 12:].mean((1, 2, 3))
        assert (60 < turned.sum() < 140) if mirrored else not turned.any()


def test_shift_moves_each_image_as_a_whole(images: Tensor) -> None:
    shifts = set()
    for before, after in zip(images, shift(images, seeded()), strict=True):
        shifts.add(found_shift(before, after))
    # An eighth of 16 and of 24 pixels, each way.
    assert {down for down, _ in shifts} == set(range(-2, 3))
    assert {right for _, right in shifts} == set(range(-3, 4))


def found_shift(before: Tensor, after: Tensor) -> tuple[int, int]:
    _, height, width = before.shape
    for down in range(-2, 3):
        for right in range(-3, 4):
            # As torch itself reflects, and then crops.
            padded = pad(before, (3, 3, 2, 2), mode="reflect")
            top, left = 2 - down, 3 - right
            if torch.equal(after, padded[:, top : top + height, left : left + width]):
                return down, right
    raise AssertionError("not a shift of at most an eighth")


def test_shift_moves_tiny_images_by_a_pixel() -> None:
    # One pixel high: there is nothing to reflect, and it stays.
    images = torch.arange(4, dtype=torch.uint8).view(1, 1, 1, 4).expand(50, 1, 1, 4)
    rows = {tuple(row) for row in shift(images, seeded())[:, 0, 0].tolist()}
    assert rows == {(0, 1, 2, 3), (1, 0, 1, 2), (1, 2, 3, 2)}


def test_flip_mirrors_about_half(images: Tensor) -> None:
    flipped = flip(images, seeded())
    mirrored = [
        torch.equal(after, before.flip(2))
        for before, after in zip(images, flipped, strict=True)
    ]
    kept = [
        torch.equal(after, before)
        for before, after in zip(images, flipped, strict=True)
    ]
    assert all(m != k for m, k in zip(mirrored, kept, strict=True))
    assert 16 < sum(mirrored) < 48


def test_cutout_covers_a_square_with_the_mean_colour(images: Tensor) -> None:
    for before, after in zip(images, cutout(images, seeded()), strict=True):
        colour = before.float().mean(dim=(1, 2)).to(torch.uint8)
        covered = (after == colour[:, None, None]).all(dim=0)
        rows, columns = covered.any(dim=1), covered.any(dim=0)
        assert rows.sum() == 4
        assert columns.sum() == 6
        assert covered.sum() == 24
        assert torch.equal(after[:, ~covered], before[:, ~covered])
