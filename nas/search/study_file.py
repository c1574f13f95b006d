"""The file of a run's study: made by Optuna, empty, and removed."""

import os
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import optuna

from nas.report import CostAxis
from nas.search.config import SearchConfig
from nas.search.quiet import QUIET_OPTUNA
from nas.search.study import directions

STUDY: Final = "nas"
"""The study's name in the file."""

JOURNALS: Final = ("-wal", "-shm")
"""Endings of the names of the files that SQLite keeps beside a database."""


def study_attributes(config: SearchConfig, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a study says of itself, as far as it never changes."""
    return {
        "data": str(facts.get("name", config.data)),
        "space": config.space,
        "max_params": config.max_params,
        "epochs": config.recipe.epochs,
        "objective": config.recipe.objective,
        "sampler": config.sampler,
        "seed": config.seed,
    }


def create(path: Path, costs: Sequence[CostAxis]) -> None:
    """Make an empty study, which is there as a whole or not at all."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    forget(unfinished)
    with QUIET_OPTUNA:
        try:
            _fill(unfinished, costs)
        except Exception as error:
            forget(unfinished)
            # Optuna wraps what the library wraps that it stores with.
            cause: BaseException | None = error
            while cause is not None and not isinstance(cause, sqlite3.Error):
                cause = cause.__cause__
            raise cause or error from None
    # The journal of a file that is gone is no part of this one.
    forget(path)
    unfinished.replace(path)


def _fill(path: Path, costs: Sequence[CostAxis]) -> None:
    """Have Optuna make its tables and the study, and let go of the file."""
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    try:
        study = optuna.create_study(
            storage=storage, study_name=STUDY, directions=directions(costs)
        )
        study.set_metric_names(["accuracy", *(cost.name for cost in costs)])
    finally:  # or the file would stay open for as long as nobody looks for garbage
        storage.remove_session()
        storage.engine.dispose()


def forget(path: Path) -> None:
    """Remove a database with its journal, as far as there are any."""
    for ending in ("", *JOURNALS):
        path.with_name(path.name + ending).unlink(missing_ok=True)
