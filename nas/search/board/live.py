"""The events of a search while it runs, in a thread of their own."""

from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING

from nas.errors import NasError, one_line
from nas.search.events import Begun, Event, Finished, Notice, Paused, Repeated
from nas.search.noise_files import read_repeats
from nas.search.run import RunFolder

if TYPE_CHECKING:
    from nas.search.board.board import Board


class LiveBoard:
    """Passes the events of a search on, and shows them in TensorBoard.

    A search is worth more than its curves: what goes wrong with them is told in one
    notice. Workers never wait for them, either; a thread writes and draws.

    Args:
        run: the folder, which is owned as long as this context lasts.
        on_event: told of everything that happens, in order.
    """

    def __init__(self, run: RunFolder, on_event: Callable[[Event], None]) -> None:
        self._run = run
        self._on_event = on_event
        self._events: SimpleQueue[Event | None] = SimpleQueue()
        self._said: SimpleQueue[str] = SimpleQueue()
        self._in_haste = False
        self._thread = Thread(target=self._write, name="board", daemon=True)

    def __enter__(self) -> "LiveBoard":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._in_haste = kind is not None
        self._events.put(None)
        self._thread.join()
        self._tell()

    def __call__(self, event: Event) -> None:
        """Pass an event on and have it shown."""
        self._on_event(event)
        if isinstance(event, Begun | Finished | Paused | Repeated):
            self._events.put(event)
        self._tell()

    def _tell(self) -> None:
        with suppress(Empty):
            while True:
                text = self._said.get_nowait()
                self._on_event(Notice(text=f"warning: {text}"))

    def _write(self) -> None:
        """Show events until there are no more; the thread's whole work."""
        board: Board | None = None
        try:
            while (event := self._events.get()) is not None:
                board = self._shown(board, event)
                if board is not None and self._events.empty():
                    board.flush()
            if board is not None:
                board.finish(quickly=self._in_haste)
        except Exception as error:
            if board is not None:
                board.abandon()
            told = error.strerror if isinstance(error, OSError) else None
            known = str(error) if isinstance(error, NasError) else None
            why = told or known or one_line(error)
            self._said.put(f"TensorBoard shows nothing of the search: {why}")

    def _shown(self, board: "Board | None", event: Event) -> "Board | None":
        match event:
            case Begun():
                # Here: TensorBoard and matplotlib take a second to be imported.
                from nas.search.board.board import Board

                repeats = read_repeats(self._run)
                return Board(self._run, event.finished, repeats, self._said.put)
            case Finished() | Paused() if board is not None:
                board.take(event.record)
            case Repeated() if board is not None:
                board.repeated(event.repeat)
        return board
