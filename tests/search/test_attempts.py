import math
from dataclasses import replace

import pytest

from nas.records import EvalResult
from nas.search.attempts import Attempt, checked

FINE = EvalResult(
    trial=3, status="complete", seconds=1.0, accuracy=0.9, loss=0.3, curve=(0.8, 0.9)
)


def failure(reason: str) -> EvalResult:
    return EvalResult(trial=3, status="failed", seconds=1.0, error="no", reason=reason)


@pytest.mark.parametrize("reason", ["lost", "timed out"])
def test_what_happens_by_chance_is_tried_again_as_often_as_asked(reason):
    attempt, count = Attempt(), 0
    while (
        following := attempt.after(failure(reason), batch_size=64, retries=2)
    ) is not None:
        attempt, count = following, count + 1
    assert (count, attempt.number, attempt.lost) == (2, 3, 2)
    assert attempt.batch_size is None


@pytest.mark.parametrize("reason", ["error", "diverged"])
def test_what_is_the_networks_own_is_not(reason):
    assert Attempt().after(failure(reason), batch_size=64, retries=9) is None


def test_memory_is_tried_once_with_half_the_batch_and_lost_ones_still_count():
    attempt = Attempt().after(failure("lost"), batch_size=64, retries=1)
    attempt = attempt.after(failure("out of memory"), batch_size=64, retries=1)
    assert (attempt.number, attempt.lost, attempt.batch_size) == (3, 1, 32)
    assert attempt.alone
    for reason in ("out of memory", "lost"):
        assert attempt.after(failure(reason), batch_size=64, retries=1) is None


def test_a_batch_of_two_images_is_the_least():
    short = failure("out of memory")
    assert Attempt().after(short, batch_size=4, retries=0).batch_size == 2
    assert Attempt().after(short, batch_size=3, retries=0) is None


def test_finite_numbers_pass():
    assert checked(FINE) is FINE
    assert checked(failure("error")) == failure("error")


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["accuracy", "loss", "standing", "curve"])
def test_numbers_that_are_not_finite_are_a_failure(name, bad):
    value = (0.8, bad, 0.9) if name == "curve" else bad
    result = checked(replace(FINE, **{name: value}))
    assert (result.status, result.reason) == ("failed", "diverged")
    assert result.accuracy is None
    assert result.loss is None
    assert all(map(math.isfinite, result.curve))
    assert str(bad) in result.error


def test_a_full_disk_is_no_trials_fault():
    with pytest.raises(OSError, match="no room"):
        checked(
            EvalResult(
                trial=3,
                status="failed",
                seconds=1.0,
                error="no room",
                reason="disk full",
            )
        )
