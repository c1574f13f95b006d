"""How many evaluations at once, found by trying."""

from collections.abc import Callable, Sequence
from typing import Final, final

GAIN: Final = 1.1
"""More at once must do so many times the work before it counts as better."""

LOSS: Final = 0.8
"""At so small a share of the best rate there is no point in going on."""

PATIENCE: Final = 2
"""After so many numbers in a row that were no better, the best one stays."""

LEAST_FINISHED: Final = 3
"""The work of fewer evaluations says nothing about a rate."""

SPARE: Final = 1.2
"""So many times the memory must be free that the next number seems to need."""


@final
class Packing:
    """Grows the number of evaluations at once while that gets more work done.

    Each number of ``levels`` is tried in its turn: once every evaluation that began
    under another one has ended, the work that is done in a time is measured. The best
    number measured stays, and the first is one of them. With a single level there is
    nothing to find.

    Args:
        levels: numbers of evaluations at once, ascending.
        free_bytes: memory that is free where the evaluations run, now; without it,
            memory is taken to be no limit.
    """

    def __init__(
        self, levels: Sequence[int], free_bytes: Callable[[], int] | None = None
    ) -> None:
        assert levels, levels
        assert list(levels) == sorted(set(levels)), levels
        assert levels[0] >= 1, levels
        self._levels = tuple(levels)
        self._free_bytes = free_bytes
        self._free_at_first = free_bytes() if free_bytes and len(levels) > 1 else 0
        self._rates: dict[int, float] = {}
        self._no_better = 0
        self._settled = len(levels) == 1
        self._begin(self._levels[0])

    @property
    def workers(self) -> int:
        """How many evaluations there should be at once, for now."""
        return self._workers

    @property
    def most(self) -> int:
        """How many there may come to be."""
        return self._levels[-1]

    def finished(self, work: float, now_seconds: float, *, full: bool) -> None:
        """Take in that an evaluation has ended.

        Args:
            work: that it did, in any unit.
            now_seconds: on a clock that only goes forward.
            full: whether as many as there should be ran until now; if not, what has
                been measured at this number is forgotten.
        """
        if self._settled:
            return
        if not full:
            self._begin(self._workers)
            return
        if self._to_skip:
            self._to_skip -= 1
            self._since = now_seconds
            return
        self._work += work
        self._num_finished += 1
        if self._num_finished >= max(LEAST_FINISHED, self._workers):
            self._judge(self._work / max(now_seconds - self._since, 1e-9))

    def _begin(self, workers: int) -> None:
        self._workers = workers
        # Those that began before, or had to wait for their process to start.
        self._to_skip = workers
        self._since = 0.0
        self._work = 0.0
        self._num_finished = 0

    def _judge(self, rate: float) -> None:
        best = max(self._rates.values(), default=0.0)
        self._no_better = 0 if rate >= GAIN * best else self._no_better + 1
        self._rates[self._workers] = rate
        following = next((n for n in self._levels if n > self._workers), None)
        if (
            following is None
            or self._no_better >= PATIENCE
            or rate < LOSS * best
            or not self._fits(following)
        ):
            self._settled = True
            self._workers = max(self._rates, key=lambda n: self._rates[n])
        else:
            self._begin(following)

    def _fits(self, workers: int) -> bool:
        if self._free_bytes is None:
            return True
        free = self._free_bytes()
        each = max(0, self._free_at_first - free) / self._workers
        return free >= SPARE * each * (workers - self._workers)
