from itertools import pairwise

import torch
from hypothesis import given
from hypothesis import strategies as st

from nas.train.batches import SingleBatch, batch_sizes, grouped, scaled


@given(num_images=st.integers(2, 500), batch_size=st.integers(2, 64))
def test_batches_hold_every_image_and_never_one_alone(
    num_images: int, batch_size: int
) -> None:
    sizes = batch_sizes(num_images, batch_size)
    assert sum(sizes) == num_images
    assert min(sizes) > 1
    assert max(sizes) <= batch_size + 1
    assert all(size == batch_size for size in sizes[:-1])


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=30),
    most=st.integers(1, 100),
)
def test_groups_hold_all_sizes_in_order_and_as_many_as_fit(
    sizes: list[int], most: int
) -> None:
    groups = grouped(sizes, most)
    assert [size for group in groups for size in group] == sizes
    assert all(len(group) == 1 or sum(group) <= most for group in groups)
    for group, following in pairwise(groups):
        assert sum(group) + following[0] > most


def test_a_single_batch_is_made_anew_each_time() -> None:
    made = iter(range(3))
    loader = SingleBatch(lambda: torch.tensor(next(made)))
    assert len(loader) == 1
    assert [[int(item) for item in loader] for _ in range(3)] == [[0], [1], [2]]


def test_images_are_scaled_to_0_to_1() -> None:
    images = torch.tensor([0, 51, 255], dtype=torch.uint8)
    torch.testing.assert_close(scaled(images), torch.tensor([0.0, 0.2, 1.0]))
