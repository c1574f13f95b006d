"""The events of a search that is over, from its records."""

from collections.abc import Mapping
from contextlib import ExitStack

from nas.errors import NasError, RunError, one_line
from nas.search.noise_files import read_repeats
from nas.search.run import RunFolder


def write_events(run: RunFolder, weighed: Mapping[str, float] | None = None) -> None:
    """Write what TensorBoard shows of a search anew.

    Leaves that to whoever else works on the run just now.

    Args:
        run: the folder.
        weighed: the importances of genes, where somebody knows them.

    Raises:
        RunError: when not all of it can be written.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(run.owned())
        except RunError:
            return
        missing: list[str] = []
        try:
            from nas.search.board.board import Board

            board = Board(run, run.records(), read_repeats(run), missing.append)
            stack.callback(board.abandon)
            board.finish(weighed=weighed)
        except NasError:
            raise
        except Exception as error:  # of TensorBoard, or the disk
            why = getattr(error, "strerror", None) or one_line(error)
            raise RunError(
                f"{run.path}: TensorBoard shows nothing of the search: {why}"
            ) from error
    if missing:
        raise RunError(f"{run.path}: {missing[0]}")
