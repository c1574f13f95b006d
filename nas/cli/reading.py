"""A progress bar while images are read for the first time."""

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)


class Reading:
    """Shows how many images have been read; a context manager around it.

    Silent where the console is not a terminal. Gone without a trace when it ends, which
    is when ``stop`` is called or the context is left.
    """

    def __init__(self, console: Console) -> None:
        self._bar = Progress(
            TextColumn("reading images"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> "Reading":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __call__(self, done: int, total: int) -> None:
        """Take in that so many of so many images have been read."""
        self._bar.start()  # does nothing the second time
        self._bar.update(self._task, completed=done, total=total)

    def stop(self) -> None:
        """Take the bar away, if there is one."""
        self._bar.stop()
