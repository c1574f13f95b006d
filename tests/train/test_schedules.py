from itertools import pairwise

import pytest

from nas.records import SCHEDULES as NAMES
from nas.train.schedules import SCHEDULES


def test_there_is_a_schedule_for_every_name_of_a_recipe() -> None:
    assert set(SCHEDULES) == set(NAMES)


@pytest.mark.parametrize(("name", "peak"), [("one-cycle", 0.3), ("cosine", 0.05)])
def test_schedules_rise_to_the_peak_rate_and_fall_to_nothing(
    name: str, peak: float
) -> None:
    schedule = SCHEDULES[name]
    values = [schedule(i / 1000) for i in range(1001)]
    top = values.index(max(values))
    assert top == pytest.approx(1000 * peak, abs=1)
    assert values[top] == pytest.approx(1.0)
    assert values[: top + 1] == sorted(values[: top + 1])
    assert values[top:] == sorted(values[top:], reverse=True)
    assert values[0] <= 0.05
    assert values[-1] == pytest.approx(0.0)
    steps = [abs(b - a) for a, b in pairwise(values)]
    assert max(steps) < 0.03
