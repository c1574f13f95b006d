"""A worker, its request, and the time it has for it."""

import pickle
from dataclasses import replace
from selectors import BaseSelector
from signal import SIGKILL
from time import monotonic
from typing import final

from nas.errors import traceback_of
from nas.executors.oom import num_oom_kills
from nas.executors.outcome import failed
from nas.executors.process import UNKNOWN, ForkedProcess
from nas.executors.server import ForkServer
from nas.executors.worker import Answer, Begun, Limits, Ready, serve
from nas.records import EvalRequest, EvalResult, Reason


@final
class WatchedWorker:
    """A worker that has at most one request at a time, and may be given it at once.

    Args:
        server: that its process is forked from.
        pickled_start: gives it its evaluation.
        limits: of its life.
        device: the number of the device that it computes on.
    """

    def __init__(
        self, server: ForkServer, pickled_start: bytes, limits: Limits, device: int
    ) -> None:
        self.device = device
        self.request: EvalRequest | None = None
        self.is_over = False
        """Whether it takes no further request, and is to be ended."""
        self._start_seconds = limits.start_seconds
        self._is_ready = False
        self._may_return = False
        self._since = monotonic()
        """When it began to start, or to do its request, on a clock that stands still
        while it is paused."""
        self._paused_at: float | None = None
        self._paused_seconds = 0.0
        """Of its request's time."""
        self._oom_kills = 0
        self._process = ForkedProcess(server, serve, pickled_start, limits)

    def give(self, request: EvalRequest) -> None:
        """Send it a request, as soon as it has room for it."""
        assert self.request is None, self.request
        message = pickle.dumps(request)
        self.request = request
        self._oom_kills = num_oom_kills()
        self._may_return = self._is_ready
        if self._is_ready:
            self._begin()
        try:
            self._process.channel.put(message)
        except OSError:  # it just died, which `take` will find
            return

    def limit(self, timeout_seconds: float | None) -> None:
        """Give its request another limit of time."""
        assert self.request is not None
        self.request = replace(self.request, timeout_seconds=timeout_seconds)

    def pause(self) -> None:
        """Have it, and what it has started, stand still until `go_on`."""
        self._paused_at = monotonic()
        self._process.stop()

    def go_on(self) -> None:
        """Have it go on where it was, if it stands still."""
        if self._paused_at is None:
            return
        paused_seconds = monotonic() - self._paused_at
        self._paused_at = None
        self._since += paused_seconds
        self._paused_seconds += paused_seconds
        self._process.go_on()

    def register(self, selector: BaseSelector) -> None:
        """Have a selector wake up when `take` should be called."""
        self._process.register(selector)

    @property
    def deadline(self) -> float | None:
        """When its request will have taken too long, on the clock of ``monotonic``."""
        if self.request is None:
            return None
        if not self._is_ready:
            return self._since + self._start_seconds
        if self.request.timeout_seconds is None:
            return None
        return self._since + self.request.timeout_seconds

    def take(self) -> EvalResult | None:
        """Return what came of its request, None while nothing has; never waits for it.

        A worker that has failed to come back is over, and so is one that ends itself.
        One that is over and still has its request had died before it was given it.
        """
        # Asked first: what it said before its end is still to be heard after it.
        has_ended = self._process.has_ended()
        try:
            while (message := self._process.channel.receive()) is not None:
                heard = pickle.loads(message)
                if isinstance(heard, Answer):
                    self.request, self.is_over = None, heard.is_last
                    return self._on_its_clock(heard.result)
                if isinstance(heard, Begun):
                    self._may_return = False
                    continue
                assert isinstance(heard, Ready), heard
                self._is_ready = True
                self._begin()
            if not has_ended:
                self._process.channel.flush()
        except (EOFError, OSError):
            has_ended = True
        except Exception as error:  # whatever unpickling may raise
            says = f"its result could not be read: {error!r}"
            return self._lost(says, "lost", traceback_of(error))
        if has_ended:
            return self._died()
        if self.deadline is not None and monotonic() >= self.deadline:
            return self._hangs()
        return None

    def kill(self) -> None:
        """Kill it and what it has started, and do not wait for that."""
        self._process.kill()

    def end(self, patience_seconds: float) -> None:
        """Kill it and what it has started, and forget it once it is gone."""
        self._process.end(patience_seconds)

    def _begin(self) -> None:
        self._since, self._paused_seconds = monotonic(), 0.0

    def _on_its_clock(self, result: EvalResult) -> EvalResult:
        if not self._paused_seconds:
            return result
        return replace(result, seconds=max(0.0, result.seconds - self._paused_seconds))

    def _died(self) -> EvalResult | None:
        if self._may_return:
            self.is_over = True
            return None
        says = self._process.cause_of_death()
        may_be_killed = self._process.exit_code() in (-SIGKILL, UNKNOWN)
        if may_be_killed and num_oom_kills() > self._oom_kills:
            return self._lost(f"{says}: the system was out of memory", "out of memory")
        return self._lost(says, "lost")

    def _hangs(self) -> EvalResult | None:
        assert self.request is not None
        if self._is_ready:
            limit = self.request.timeout_seconds
            says = f"timed out: it was not done within its limit of {limit:g} s"
            return self._lost(says, "timed out")
        limit = self._start_seconds
        says = f"worker could not start: it was not ready within {limit:g} s"
        return self._lost(says, "lost")

    def _lost(
        self, says: str, reason: Reason, trace: str | None = None
    ) -> EvalResult | None:
        self.is_over = True
        if self.request is None:
            return None
        seconds = monotonic() - self._since if self._is_ready else 0.0
        request, self.request = self.request, None
        return failed(request, says, seconds, reason, trace)
