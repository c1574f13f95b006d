from dataclasses import replace

import pytest

from nas.records import EvalResult
from nas.search.time_limits import FACTOR, LEAST_SECONDS, TimeLimits

DONE = EvalResult(trial=0, status="complete", seconds=30.0)
KIND = {"macs": 1_000_000, "epochs": 10, "batch_size": 64}


def seen(*results: EvalResult, **kind: int) -> TimeLimits:
    limits = TimeLimits(None, images=1_000)
    for result in results:
        limits.seen(result, **KIND | kind)
    return limits


def test_what_the_user_says_holds():
    limits = TimeLimits(7.5, images=1_000)
    limits.seen(DONE, **KIND)
    assert limits.seconds(**KIND, lost=0) == 7.5
    assert limits.seconds(**KIND, lost=3) == 7.5


def test_before_anything_is_seen_it_goes_by_the_work():
    limits = seen()
    few = limits.seconds(**KIND, lost=0)
    many = limits.seconds(**KIND | {"macs": 10**9}, lost=0)
    assert 300 <= few < many
    assert limits.seconds(**KIND, lost=1) == 2 * few


def test_it_follows_the_slowest_seen():
    limits = seen(DONE, replace(DONE, seconds=12.0))
    assert limits.seconds(**KIND, lost=0) == LEAST_SECONDS + FACTOR * 30.0
    half = KIND | {"epochs": 5}
    assert limits.seconds(**half, lost=0) == LEAST_SECONDS + FACTOR * 15.0


@pytest.mark.parametrize("change", [{"macs": 3_000_000}, {"batch_size": 16}])
def test_what_is_more_work_than_all_seen_has_longer(change):
    limits = seen(DONE)
    longer = limits.seconds(**KIND | change, lost=0)
    factor = 3 if "macs" in change else 4
    assert longer == LEAST_SECONDS + FACTOR * factor * 30.0


def test_what_is_less_work_has_as_long():
    limits = seen(DONE)
    small = KIND | {"macs": 10, "batch_size": 512}
    assert limits.seconds(**small, lost=0) == limits.seconds(**KIND, lost=0)


def test_failures_teach_nothing():
    limits = seen(replace(DONE, status="failed", seconds=9_999.0))
    assert limits.seconds(**KIND, lost=0) == seen().seconds(**KIND, lost=0)
