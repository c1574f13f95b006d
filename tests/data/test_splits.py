import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nas.data.splits import stratified, stratified_groups


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
    for label, count in enumerate(counts):
        found = (labels[chosen] == label).sum()
        assert abs(found - fraction * count) < 1 + 1e-6
        assert count == 1 or 1 <= found <= count - 1
    if min(counts) * min(fraction, 1 - fraction) >= 1:  # none is rounded up to one
        assert abs(len(chosen) - fraction * len(labels)) < 1


def test_the_seed_decides_who_is_chosen() -> None:
    labels = np.arange(100) % 4
    first = stratified(labels, 0.2, seed=1)[1].tolist()
    assert stratified(labels, 0.2, seed=1)[1].tolist() == first
    assert stratified(labels, 0.2, seed=2)[1].tolist() != first


@given(
    groups=st.lists(st.integers(0, 12), min_size=4, max_size=60),
    seed=st.integers(0, 100),
)
def test_groups_stay_together(groups: list[int], seed: int) -> None:
    _, of = np.unique(groups, return_inverse=True)
    labels = of % 2
    rest, chosen = stratified_groups(labels, of, 0.3, seed)
    everyone = np.sort(np.concatenate((rest, chosen)))
    assert everyone.tolist() == list(range(len(of)))
    assert not set(of[rest]) & set(of[chosen])
    for label in (0, 1):
        if len(set(of[labels == label])) > 1:
            assert label in labels[rest]
            assert label in labels[chosen]
