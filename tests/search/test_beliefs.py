"""What the model believes of trials: luck is taken out, and probabilities are right."""

import math
from dataclasses import replace

import numpy as np
import pytest
from made_run import architectures, bound, record

from nas.noise import Repeat
from nas.search import beliefs
from nas.search.beliefs import LEAST_TRIALS, _on_front, believe

GENES = bound().distributions()


def noisy(number: int, noise: float, seed: int = 0):
    """Return trials, and the true accuracies of their networks."""
    rng = np.random.default_rng(seed)
    records, truth = [], []
    for trial, architecture in enumerate(architectures(number, seed)):
        one = record(trial, architecture, 0.5)
        error = 0.6 * (one.params / 700) ** -0.7
        truth.append(1 - error)
        seen = 1 - min(error * math.exp(rng.normal(0, noise)), 1)
        records.append(replace(one, accuracy=seen))
    return records, np.array(truth)


def again(trial: int, number: int, accuracy: float) -> Repeat:
    return Repeat(
        trial=trial,
        number=number,
        status="complete",
        seconds=1.0,
        accuracy=accuracy,
        loss=None,
        curve=(),
        seed=0,
        device="cpu",
        error=None,
        reason=None,
        batch_size=None,
        finished="",
    )


def test_noise_is_found_and_taken_out():
    records, truth = noisy(60, noise=0.3)
    found = believe(GENES, records, {})
    assert 0.18 < found.noise < 0.45
    believed = np.array([belief.accuracy for belief in found.beliefs])
    seen = np.array([r.accuracy for r in records])
    assert np.abs(believed - truth).mean() < 0.7 * np.abs(seen - truth).mean()
    within = [b.low <= t <= b.high for b, t in zip(found.beliefs, truth, strict=True)]
    assert np.mean(within) > 0.8


def test_a_handful_of_alike_results_is_not_taken_for_noiseless():
    rng = np.random.default_rng(0)
    records = [
        record(i, a, 1 - 0.06 * math.exp(rng.normal(0, 0.03)))
        for i, a in enumerate(architectures(8))
    ]
    found = believe(GENES, records, {})
    widths = [belief.high - belief.low for belief in found.beliefs]
    # All reach about the same: by that no single one is known more closely.
    spread = np.std([r.accuracy for r in records])
    assert min(widths) > spread


def test_where_most_are_perfect_they_are_believed_to_be():
    records = [
        record(i, a, 1.0 if i % 3 else 0.97) for i, a in enumerate(architectures(12))
    ]
    found = believe(GENES, records, {})
    for belief, one in zip(found.beliefs, records, strict=True):
        assert belief.accuracy == pytest.approx(one.accuracy, abs=0.03)


def test_without_noise_results_are_believed():
    records, _ = noisy(40, noise=0.0)
    found = believe(GENES, records, {})
    assert found.noise < 0.1
    for belief, one in zip(found.beliefs, records, strict=True):
        assert belief.accuracy == pytest.approx(one.accuracy, abs=0.03)


def test_repeats_make_it_surer():
    records, truth = noisy(30, noise=0.3)
    best = max(records, key=lambda r: r.accuracy)
    rng = np.random.default_rng(1)
    error = 1 - truth[best.trial]
    repeats = {
        best.trial: [
            again(best.trial, n, 1 - error * math.exp(rng.normal(0, 0.3)))
            for n in range(2, 12)
        ]
    }

    def width(found) -> float:
        (belief,) = [b for b in found.beliefs if b.trial == best.trial]
        return belief.high - belief.low

    once, often = believe(GENES, records, {}), believe(GENES, records, repeats)
    assert width(often) < width(once)
    assert (often.trials, often.repeats) == (30, 10)


def test_a_network_of_both_arms_is_one_network():
    records, _ = noisy(12, noise=0.2)
    twin = replace(records[3], trial=50, arm="random", accuracy=0.4)
    found = believe(GENES, [*records, twin], {})
    by_trial = {belief.trial: belief for belief in found.beliefs}
    assert replace(by_trial[50], trial=3) == by_trial[3]


def test_probabilities_of_the_front_are_those_of_definition():
    rng = np.random.default_rng(0)
    sizes = np.log([5.0, 3.0, 3.0, 8.0])
    drawn = rng.normal(size=(50, 4))
    expected = [
        np.mean(
            [
                all(row[i] <= row[j] for j in range(4) if sizes[j] <= sizes[i])
                for row in drawn
            ]
        )
        for i in range(4)
    ]
    assert _on_front(sizes[:, None], drawn).tolist() == pytest.approx(expected)


def test_pairs_of_the_front_are_compared_once():
    records, _ = noisy(20, noise=0.1)
    found = believe(GENES, records, {})
    params = {r.trial: r.params for r in records}
    assert found.ahead
    for larger, smaller, probability in found.ahead:
        assert params[larger] > params[smaller]
        assert 0 <= probability <= 1
    smallest = min(records, key=lambda r: r.params)
    by_trial = {b.trial: b for b in found.beliefs}
    assert by_trial[smallest.trial].on_front == 1


def test_it_is_the_same_each_time():
    records, _ = noisy(15, noise=0.2)
    assert believe(GENES, records, {}) == believe(GENES, records, {})


@pytest.mark.parametrize("accuracy", [None, math.nan, 0.5])
def test_nothing_to_learn_from_is_nothing_believed(accuracy):
    records = [record(i, a, accuracy) for i, a in enumerate(architectures(9))]
    assert believe(GENES, records, {}) is None


def test_few_trials_teach_nothing():
    records, _ = noisy(LEAST_TRIALS, noise=0.2)
    assert believe(GENES, records[:-1], {}) is None
    assert believe(GENES, records, {}) is not None


def test_perfect_and_hopeless_results_are_no_trouble():
    records, _ = noisy(10, noise=0.2)
    records[0] = replace(records[0], accuracy=1.0)
    records[1] = replace(records[1], accuracy=0.0)
    for belief in believe(GENES, records, {}).beliefs:
        assert 0 <= belief.low <= belief.accuracy <= belief.high <= 1


def test_of_many_networks_the_front_and_what_follows_is_kept(monkeypatch):
    monkeypatch.setattr(beliefs, "_KEPT", 20)
    records, _ = noisy(60, noise=0.1)
    worst = min(records, key=lambda r: r.accuracy)
    best = max(records, key=lambda r: r.accuracy)
    found = believe(GENES, records, {worst.trial: [again(worst.trial, 2, 0.1)]})
    kept = {belief.trial for belief in found.beliefs}
    assert 20 <= len(kept) < 40
    assert {best.trial, worst.trial} <= kept
    assert found.trials == 60
