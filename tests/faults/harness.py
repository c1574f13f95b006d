"""Searches in processes of their own, to be killed, and their books to be checked."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from books import lost, results, unbalanced
from lives import Life

__all__ = ["TINY", "Life", "finish", "lost", "results", "unbalanced"]

TINY: Final = (
    *("--space", "minimal", "--max-params", "3k", "--epochs", "1"),
    *("--workers", "2", "--device", "cpu"),
)
"""Options of a search whose trials take a fraction of a second."""


def finish(run: Path, before: Mapping[str, bytes], *argv: object) -> None:
    """Resume a run to its end, check its books, and have it reported.

    Args:
        run: the folder.
        before: its results before faults.
        argv: another command than to resume it.
    """
    with Life(argv or ("resume", run), run.parent) as life:
        assert life.end() == 0, life.err
        assert "Traceback" not in life.err
        assert life.gone_after_seconds(2) < 2
    assert lost(run, before) == []
    assert unbalanced(run) == []
    trials = len(list((run / "trials").iterdir()))
    with Life(("report", run), run.parent) as life:
        assert life.end() == 0, life.err
        assert f"Front of {trials} trials" in life.out
    assert lost(run, before) == []
