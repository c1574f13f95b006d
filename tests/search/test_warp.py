"""Warps of results, and which one the surrogate takes."""

import math

import numpy as np
import pytest

from nas.search.samplers.surrogate import Fitted
from nas.search.samplers.warp import WIDTHS, Warp

VALUES = np.array([-1.0, 0.0, 0.5, 2.0, 9.0])


def test_good_values_stay_and_bad_ones_keep_their_order():
    for width in WIDTHS:
        warp = Warp.of(VALUES, width)
        warped = warp(VALUES)
        assert warped[:3].tolist() == VALUES[:3].tolist()
        assert (np.diff(warped) > 0).all()
    assert warped[-1] < 0.5 * VALUES[-1]
    assert Warp.of(VALUES, math.inf)(VALUES).tolist() == VALUES.tolist()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_slope_is_that_of_the_values(width):
    warp = Warp.of(VALUES, width)
    step = 1e-6
    at = VALUES + 0.01  # beside the kink
    slopes = (warp(at + step) - warp(at - step)) / (2 * step)
    assert warp.log_slope(at) == pytest.approx(np.log(slopes).sum(), abs=1e-6)


def test_equal_values_are_survived():
    same = np.ones(5)
    assert Warp.of(same, 1.0)(same).tolist() == same.tolist()


def fitted_to(targets_of) -> Fitted:
    points = np.random.default_rng(0).random((60, 2))
    fitted = Fitted(np.arange(2), np.random.default_rng(0))
    fitted.update(points, targets_of(points))
    return fitted


def test_a_smooth_surface_is_left_alone():
    fitted = fitted_to(lambda at: np.sin(3 * at[:, 0]) + at[:, 1])
    assert math.isinf(fitted.warp.width)


def test_cliffs_are_pressed_together():
    fitted = fitted_to(
        lambda at: 0.3 * at[:, 1] + np.where(np.sin(40 * at[:, 0]) > 0.6, 5, 0)
    )
    assert math.isfinite(fitted.warp.width)
