"""Weights that are not those a trial was trained to: found, and trained again."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from nas.errors import counted
from nas.executors import Executor
from nas.records import EvalResult, TrialRecord
from nas.search.config import SearchConfig
from nas.search.events import Event, Notice
from nas.search.jobs import Job, train_all
from nas.search.run import RunFolder
from nas.search.time_limits import TimeLimits


def torn_weights(run: RunFolder, records: Iterable[TrialRecord]) -> list[TrialRecord]:
    """Return the trials whose file of weights is there, and is not the one recorded.

    A file that is gone is no matter: its owner may have wanted the room.
    """
    checked = [r for r in records if r.status == "complete" and r.weights is not None]
    with ThreadPoolExecutor() as pool:  # hashing and reading let other threads run
        digests = pool.map(lambda r: file_digest(run.weights_path(r.trial)), checked)
        return [
            record
            for record, digest in zip(checked, digests, strict=True)
            if digest not in (None, record.weights)
        ]


def file_digest(path: Path) -> str | None:
    """Return the SHA-256 of a file in hexadecimal digits, None when there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None
    except OSError:
        return ""  # it is there, and is no weights


def train_again(
    run: RunFolder,
    config: SearchConfig,
    torn: Sequence[TrialRecord],
    executor: Executor,
    limits: TimeLimits,
    on_event: Callable[[Event], None],
) -> None:
    """Train trials with torn weights again, just as they were trained.

    On a CPU the same weights come out. Where they don't, the record takes the new
    accuracy; where nothing does, it stays as it is and has no weights any more.

    Raises:
        OSError: results cannot be written.
    """
    if not torn:
        return
    which = ", ".join(str(record.trial) for record in torn[:8])
    which += ", ..." if len(torn) > 8 else ""
    on_event(
        Notice(
            text=f"{counted(len(torn), 'trial')} trained again, whose weights have "
            f"changed on disk (their checksums differ): {which}"
        )
    )
    records = {record.trial: record for record in torn}

    def finished(job: Job[int], result: EvalResult) -> None:
        before = records[job.key]
        if result.status != "complete":
            on_event(
                Notice(
                    text=f"{job.what} keeps its result but has no weights: "
                    f"{result.error}"
                )
            )
            return
        if result.accuracy != before.accuracy:
            on_event(
                Notice(
                    text=f"{job.what} reached {result.accuracy} this time, "
                    f"{before.accuracy} before"
                )
            )
        run.finish_trial(
            replace(
                before,
                accuracy=result.accuracy,
                loss=result.loss,
                curve=result.curve,
                device=result.device,
                weights=result.weights,
            )
        )

    train_all(
        executor,
        [
            Job(
                key=record.trial,
                what=f"trial {record.trial}",
                architecture=record.architecture,
                recipe=record.trained_with(config.recipe),
                seed=record.seed,
                prepare=partial(_without_weights, run, record.trial),
                row=run.row(record.trial),
            )
            for record in torn
        ],
        finished,
        limits=limits,
        retries=config.retries,
        on_note=lambda text: on_event(Notice(text=text)),
    )


def _without_weights(run: RunFolder, trial: int) -> Path:
    path = run.weights_path(trial)
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    return run.trial_path(trial)
