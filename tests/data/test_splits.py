import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nas.data.splits import stratified


@given(
    counts=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    fraction=st.floats(0.05, 0.95),
    seed=st.integers(0, 1000),
)
def test_every_class_gives_its_share(
    counts: list[int], fraction: float, seed: int
) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    labels = np.random.default_rng(0).permutation(labels)
    rest, chosen = stratified(labels, fraction, seed)
    everyone = np.sort(np.concatenate((rest, chosen)))
    assert everyone.tolist() == list(range(len(labels)))
    assert abs(len(chosen) - fraction * len(labels)) < 1
    for label, count in enumerate(counts):
        assert abs((labels[chosen] == label).sum() - fraction * count) < 1 + 1e-6


def test_the_seed_decides_who_is_chosen() -> None:
    labels = np.arange(100) % 4
    first = stratified(labels, 0.2, seed=1)[1].tolist()
    assert stratified(labels, 0.2, seed=1)[1].tolist() == first
    assert stratified(labels, 0.2, seed=2)[1].tolist() != first
