"""The way in from a shell: exit codes and one-line errors.

0 done, 1 the search failed, 2 bad input, 130 interrupted, 143 terminated.
"""

import io
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any


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
    try:
        code = command.main(
            args=None if argv is None else list(argv),
            prog_name="nas",
            standalone_mode=False,
        )
    except NasError as error:
        return _fail(str(error), 2)
    except SearchFailed as error:
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
    except OSError as error:
        if error.filename is None:
            raise
        return _fail(f"{error.filename}: {error.strerror}", 2)
    return code if isinstance(code, int) else 0


def _fail(message: str, code: int) -> int:
    from nas.errors import printable

    line = printable(" ".join(message.split()))
    print(f"nas: error: {line}", file=sys.stderr)
    return code


def _show_everything() -> None:
    """Have the output escape what its encoding lacks, where it would raise."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _terminate(_: int, __: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _TerminatedError


if __name__ == "__main__":
    sys.exit(main())
