"""The way in from a shell: exit codes and one-line errors.

0 done, 1 the search failed, 2 bad input, 130 interrupted, 143 terminated.
"""

import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import Any, Final

_SHOW_CURSOR: Final = b"\x1b[?25h"


class _TerminatedError(BaseException):
    """SIGTERM, raised where the program stands so that it can tidy up."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; return its exit code."""
    import typer

    from nas.cli import app
    from nas.errors import NasError, SearchFailed

    # Typer has kept click's exceptions in different places; BadParameter is public.
    click_error: Any = typer.BadParameter.__mro__[2]
    _show_everything()
    command = typer.main.get_command(app)
    signal.signal(signal.SIGTERM, _terminate)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _interrupt)
    try:
        code = command.main(
            args=None if argv is None else list(argv),
            prog_name="nas",
            standalone_mode=False,
        )
    except NasError as error:
        return _fail(str(error), 2, error.details)
    except SearchFailed as error:
        if error.details is not None:
            print(error.details.rstrip(), file=sys.stderr)
        return _fail(str(error), 1)
    except click_error as error:
        # Without any argument the help has been printed, and there is no message.
        message = error.format_message()
        return _fail(message, 2) if message else 2
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except _TerminatedError:
        return 143
    except BrokenPipeError:
        # Whoever read the output has gone, as 'head' does; nothing is wrong here.
        sys.stdout = None
        return 0
    except OSError as error:  # a disk that is full, say; bad paths are NasErrors
        where = f"{error.filename}: " if error.filename else ""
        return _fail(f"{where}{error.strerror or error}", 1)
    return code if isinstance(code, int) else 0


def _fail(message: str, code: int, details: Sequence[str] = ()) -> int:
    from nas.errors import printable

    line = printable(" ".join(message.split()))
    print(f"nas: error: {line}", file=sys.stderr)
    for detail in details:
        print(f"  {detail}", file=sys.stderr)
    return code


def _show_everything() -> None:
    """Have the output escape what its encoding lacks, where it would raise."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _terminate(_: int, __: FrameType | None) -> None:
    _end_at_next(signal.SIGTERM, 143)
    raise _TerminatedError


def _interrupt(_: int, __: FrameType | None) -> None:
    _end_at_next(signal.SIGINT, 130)
    raise KeyboardInterrupt


def _end_at_next(number: signal.Signals, code: int) -> None:
    """Let the next signal of this kind end the process at once, without tidying up.

    Files are written whole or not at all, and workers end with this process.
    """

    def end(_: int, __: FrameType | None) -> None:
        with suppress(OSError):
            if os.isatty(1):
                os.write(1, _SHOW_CURSOR)
        os._exit(code)

    signal.signal(number, end)


if __name__ == "__main__":
    sys.exit(main())
