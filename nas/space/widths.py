"""Solve the widths of a topology so that its network lands just under a target size.

One multiplier scales all relative widths. Each width is rounded down to the space's
steps, so the size climbs in stairs; a stair under the target is found by bisection, and
then single widths take up to two further steps where one fits, in the order in which
the multiplier would have taken them.

The widths are a fixed point: solving for the size that was reached gives them again, so
that an architecture and its size are enough to find the genes it came from. It takes an
iteration, because size is not quite monotone: a shortcut needs no projection where two
widths are equal.
"""

from bisect import bisect_right
from collections.abc import Callable
from typing import Final

from nas.errors import DoesNotFit

Widths = tuple[int, ...]

_EXTRA_STEPS: Final = 2
"""For a single width, so that the proportions stay near what was asked for."""


def solve(
    relative: tuple[float, ...],
    target: int,
    size_of: Callable[[Widths], int],
    *,
    step: int,
    minimum: int,
) -> Widths:
    """Return the widths of the largest network at or under the target.

    Args:
        relative: the width of each part in proportion to the others, above 0.
        target: the most parameters the network may have.
        size_of: the exact size for given widths; it grows with each of them.
        step: widths are multiples of it.
        minimum: no width is under it, itself a multiple of the step.

    Raises:
        DoesNotFit: when the network is over the target even at the minimum.
    """
    smallest = size_of((minimum,) * len(relative))
    if smallest > target:
        raise DoesNotFit(
            f"the smallest network of this topology has {smallest:,} parameters, "
            f"over its target of {target:,}"
        )
    widths = _under(relative, target, size_of, step, minimum)
    while (reached := size_of(widths)) < target:
        target = reached
        widths = _under(relative, target, size_of, step, minimum)
    return widths


def _under(
    relative: tuple[float, ...],
    target: int,
    size_of: Callable[[Widths], int],
    step: int,
    minimum: int,
) -> Widths:
    """Return widths whose network is at or under the target, and close to it."""

    def at(multiplier: float) -> Widths:
        return tuple(
            max(minimum, int(part * multiplier / step + 1e-9) * step)
            for part in relative
        )

    low = minimum / max(relative)
    while size_of(at(2 * low)) <= target:
        low *= 2
    stairs = sorted(
        {
            k * step / part
            for part in relative
            for k in range(int(low * part / step), int(2 * low * part / step) + 1)
            if low < k * step / part < 2 * low
        }
    )
    # Where size dips, this is not the last stair under the target, but it is under it.
    reached = bisect_right(stairs, target, key=lambda m: size_of(at(m)))
    widths = list(at(stairs[reached - 1] if reached else low))
    size = size_of(tuple(widths))
    for _ in range(_EXTRA_STEPS):
        for i in sorted(
            range(len(relative)), key=lambda i: ((widths[i] + step) / relative[i], i)
        ):
            widths[i] += step
            larger = size_of(tuple(widths))
            if size < larger <= target:
                size = larger
            else:
                widths[i] -= step
    return tuple(widths)
