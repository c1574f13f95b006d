"""How long a training may take before it counts as hanging."""

from typing import Final

from nas.records import EvalResult

LEAST_SECONDS: Final = 60.0
"""On top of everything: a machine may be busy with something else for a while."""

FACTOR: Final = 10.0
"""A training may take so many times as long as the slowest one suggests."""

_FIRST_SECONDS: Final = 300.0
_SLOWEST: Final = 1e8
"""Multiply-accumulates a second that any machine manages, with layers of any size."""
_PASSES: Final = 3
"""Forwards, and twice as much backwards."""


class TimeLimits:
    """Limits of trainings, from the trainings seen so far.

    Only those of this process count: what an earlier one saw may have been on another
    machine. Until there is one, the limit goes by the multiply-accumulates, and is
    hours rather than minutes.

    Args:
        timeout: seconds of every training, as the user wishes; None to find out.
        images: in an epoch.
    """

    def __init__(self, timeout: float | None, images: int) -> None:
        self._timeout = timeout
        self._images = images
        self._epoch_seconds = 0.0
        self._macs = 0
        self._batch_size: int | None = None

    def seen(
        self, result: EvalResult, *, macs: int, epochs: int, batch_size: int
    ) -> None:
        """Learn from a training that did not fail.

        Args:
            result: of the training.
            macs: of one image.
            epochs: that it trained.
            batch_size: that it trained with.
        """
        if result.status == "failed" or epochs < 1:
            return
        self._epoch_seconds = max(self._epoch_seconds, result.seconds / epochs)
        self._macs = max(self._macs, macs)
        self._batch_size = min(self._batch_size or batch_size, batch_size)

    def seconds(self, *, macs: int, epochs: int, batch_size: int, lost: int) -> float:
        """Return the limit of a training, twice as long after each that was lost.

        Args:
            macs: of one image.
            epochs: to train.
            batch_size: to train with.
            lost: tries of the same training that did not come back.
        """
        if self._timeout is not None:
            return self._timeout
        if self._batch_size is None:
            passes = _PASSES * macs * self._images * epochs
            limit = _FIRST_SECONDS + passes / _SLOWEST
        else:
            larger = max(1.0, macs / self._macs)
            steps = max(1.0, self._batch_size / batch_size)
            each = self._epoch_seconds * larger * steps
            limit = LEAST_SECONDS + FACTOR * each * epochs
        return float(limit * 2**lost)
