"""A process that is forked from the server, as the one it works for sees it."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from selectors import EVENT_READ, EVENT_WRITE, BaseSelector
from socket import socket, socketpair
from threading import Lock, Thread
from typing import Any, Final, final

from nas.executors.channel import Channel
from nas.executors.lifeline import end_with_parent, lead_group, lifeline
from nas.executors.server import ForkServer

PATIENCE_SECONDS: Final = 1.0
"""How long a process that is ending may take to be gone."""

UNKNOWN: Final = 255
"""The exit code of a process whose server has died, and of others that chose it."""


@final
class ForkedProcess:
    """A process that runs ``target(channel, *given)``, and starts in the background.

    It leads a process group of its own, and ends with the one that started it: so do
    the processes that it starts. Messages may be sent from the beginning. Nothing here
    waits for what the process does, whatever state that is in.

    Args:
        server: that it is forked from.
        target: of a module; it and what is given can be pickled.
        given: to the target.
    """

    def __init__(
        self, server: ForkServer, target: Callable[..., None], *given: Any
    ) -> None:
        ours, theirs = socketpair()
        ours.setblocking(False)
        self.channel = Channel(ours)
        self._process = server.process(_live, theirs, lifeline(), target, given)
        self._failure: Exception | None = None
        self._is_started = False
        self._is_given_up = False
        self._is_stopped = False
        self._starting = Lock()
        """Held by who starts it, or stops it and lets it go on."""
        self._has_lost_server = False
        try:
            server.ensure_running()
        except OSError as error:
            self._failure = error
        # Starting waits until the server has done its imports.
        self._starter = Thread(target=self._start, args=(theirs,), daemon=True)
        self._starter.start()

    def _start(self, theirs: socket) -> None:
        with theirs:
            if self._failure is not None:
                return
            try:
                self._process.start()
            except Exception as error:
                self._failure = error
                return
        # Either this sees that it is given up, or who gives it up that it is started.
        with self._starting:
            self._is_started = True
            if self._is_stopped:
                self._signal(signal.SIGSTOP)
        if self._is_given_up:
            self._kill_group()

    def register(self, selector: BaseSelector) -> None:
        """Have a selector wake up when there is something to receive or to find out."""
        writes = EVENT_WRITE if self.channel.has_more_to_send else 0
        selector.register(self.channel, EVENT_READ | writes)
        if self._is_started and not self._has_lost_server:
            # A child of the process may hold the channel open when that has died.
            selector.register(self._process.sentinel, EVENT_READ)

    def has_ended(self) -> bool:
        """Return whether the process has come to its end, as far as is known."""
        if self._failure is not None:
            return True
        if not self._is_started:
            return False
        code = self._process.exitcode
        if code == UNKNOWN:
            self._has_lost_server = _exists(self._process.pid)
        return code is not None and not self._has_lost_server

    def exit_code(self) -> int | None:
        """Return that of a process that has ended or is about to; negative: a signal.

        None where it cannot be found out.
        """
        self._starter.join(PATIENCE_SECONDS)
        if not self._is_started:
            return None
        self._process.join(PATIENCE_SECONDS)
        return self._process.exitcode

    def cause_of_death(self) -> str:
        """Return in words why the process ended, given that it has."""
        code = self.exit_code()
        if self._failure is not None:
            return f"worker could not start: {self._failure!r}"
        match code:
            case None:
                how = "and nothing is known of how"
            case 0:
                how = "(exit code 0) without a result"
            case code if code < 0:
                how = f"(signal {-code})"
            case _:
                how = f"(exit code {code})"
        return f"worker died {how}"

    def stop(self) -> None:
        """Have the process with all its group stand still; one still to start, too."""
        with self._starting:
            self._is_stopped = True
            if self._is_started:
                self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Have it go on where it was."""
        with self._starting:
            self._is_stopped = False
            if self._is_started:
                self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the process, which may lead no group yet, and to its group.

        Nobody gets it once the process has ended: another may have its number.
        """
        if self._process.exitcode is not None:
            return
        assert self._process.pid is not None
        with suppress(ProcessLookupError, PermissionError):
            os.kill(self._process.pid, number)
            os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """Kill the process with all its group; one still to start will be later."""
        self._is_given_up = True
        if self._is_started:
            self._kill_group()

    def _kill_group(self) -> None:
        assert self._process.pid is not None
        if self._process.exitcode is None:
            self._process.kill()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def end(self, patience_seconds: float) -> None:
        """Kill the process with all its group, and forget it once it is gone."""
        self.kill()
        self.channel.close()
        if self._is_started:
            self._process.join(patience_seconds)
            with suppress(ValueError):  # not even that has ended it
                self._process.close()


def _exists(pid: int | None) -> bool:
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _live(
    end: socket, path: str, target: Callable[..., None], given: tuple[Any, ...]
) -> None:
    """Run a target in a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the business of who started it
    lead_group(path)
    Thread(target=end_with_parent, daemon=True).start()
    _offer_to_oom_killer()
    target(Channel(end), *given)


def _offer_to_oom_killer() -> None:
    """Where memory runs out, it is not the coordinator that is to be killed for it."""
    badness = Path("/proc/self/oom_score_adj")
    with suppress(OSError, ValueError):
        badness.write_text(str(min(1000, int(badness.read_text()) + 500)))
