"""How many at once: the policy alone, with measurements made up."""

from collections.abc import Callable

import pytest

from nas.executors import Packing

GIB = 2**30


def settle(packing: Packing, rate: Callable[[int], float]) -> list[int]:
    """Feed evaluations that end at some rate; return the numbers in the order tried."""
    tried = [packing.workers]
    now = 0.0
    for _ in range(400):
        now += 1 / rate(packing.workers)
        packing.finished(1.0, now, full=True)
        if packing.workers != tried[-1]:
            tried.append(packing.workers)
    return tried


def test_a_single_number_stays() -> None:
    assert settle(Packing([3]), lambda n: 1 / n) == [3]


@pytest.mark.parametrize(
    ("rates", "tried"),
    [
        # Everything pays.
        ({1: 1.0, 2: 2.0, 4: 4.0, 8: 8.0}, [1, 2, 4, 8]),
        # A little is enough to go on, and the best is taken.
        ({1: 1.0, 2: 1.5, 4: 2.0, 8: 2.3}, [1, 2, 4, 8]),
        # The last one is worse.
        ({1: 1.0, 2: 2.0, 4: 3.0, 8: 2.9}, [1, 2, 4, 8, 4]),
        # A poor measurement on the way is forgiven.
        ({1: 1.0, 2: 0.9, 4: 3.0, 8: 6.0}, [1, 2, 4, 8]),
        # Two in a row are not.
        ({1: 1.0, 2: 1.05, 4: 1.0, 8: 9.0}, [1, 2, 4, 2]),
        # Nor is a collapse.
        ({1: 1.0, 2: 0.5, 4: 9.0, 8: 9.0}, [1, 2, 1]),
        # Never worse than one at a time.
        ({1: 1.0, 2: 0.95, 4: 0.9, 8: 0.8}, [1, 2, 4, 1]),
    ],
)
def test_the_best_number_is_found(rates: dict[int, float], tried: list[int]) -> None:
    packing = Packing([1, 2, 4, 8])
    assert packing.most == 8
    assert settle(packing, rates.__getitem__) == tried


def test_what_began_under_another_number_is_not_measured() -> None:
    packing = Packing([1, 2])
    for second in (100, 101, 102, 103):  # the first one waited for its process
        packing.finished(1.0, second, full=True)
    assert packing.workers == 2
    packing.finished(1.0, 103.1, full=True)
    packing.finished(1.0, 110, full=True)
    for second in (110.9, 111.8, 112.7):  # 1.11 in a second
        packing.finished(1.0, second, full=True)
    assert packing.workers == 2
    settle(packing, lambda n: 0.001)  # whatever comes later
    assert packing.workers == 2


def test_work_counts_not_evaluations() -> None:
    packing = Packing([1, 2])
    now = 0.0
    for _ in range(4):
        now += 1
        packing.finished(1.0, now, full=True)
    for _ in range(5):  # slower, but each of them ten times the work
        now += 5
        packing.finished(10.0, now, full=True)
    assert packing.workers == 2


def test_an_idle_worker_spoils_the_measurement() -> None:
    packing = Packing([1, 2])
    for second in range(3):
        packing.finished(1.0, second, full=True)
    packing.finished(1.0, 1000.0, full=False)
    for second in range(1001, 1004):
        packing.finished(1.0, second, full=True)
        assert packing.workers == 1
    packing.finished(1.0, 1004, full=True)
    assert packing.workers == 2


@pytest.mark.parametrize(
    ("total", "each", "most"), [(80, 1, 8), (8, 1, 4), (8, 3, 2), (8, 5, 1)]
)
def test_no_more_than_fit_the_memory(total: int, each: int, most: int) -> None:
    packing: Packing

    def free_bytes() -> int:
        running = packing.workers if started else 0
        return (total - each * running) * GIB

    started = False
    packing = Packing([1, 2, 4, 8], free_bytes)
    started = True
    assert max(settle(packing, float)) == most
    assert packing.workers == most
