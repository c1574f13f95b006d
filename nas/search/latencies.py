"""Latencies that were measured of a run's networks, in the run folder.

They belong to networks, not to trainings: a network has the same ones, whatever its
weights.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from nas.errors import UNREADABLE, RunError
from nas.latency import Latency
from nas.search.checked import json_data
from nas.search.files import write_json
from nas.search.run import RunFolder

_HASH: Final = "hash"

Latencies = Mapping[str, tuple[Latency, ...]]
"""Those of each network, by its canonical hash."""


def latencies_path(run: RunFolder) -> Path:
    """Return the file that holds them."""
    return run.path / "latency.json"


def read_latencies(run: RunFolder) -> Latencies:
    """Return what was measured, nothing where nothing was.

    Raises:
        RunError: when the file cannot be read.
    """
    path = latencies_path(run)
    if not path.exists():
        return {}
    try:
        found: dict[str, tuple[Latency, ...]] = {}
        for row in json_data(path.read_bytes()):
            key = str(row.pop(_HASH))
            found[key] = newest((*found.get(key, ()), Latency.from_json(row)))
    except UNREADABLE as error:
        why = f"there is no {error}" if isinstance(error, KeyError) else error
        raise RunError(
            f"{path}: cannot be read: {why}; delete it, 'nas measure' makes it anew"
        ) from None
    return found


def keep_latencies(run: RunFolder, measured: Latencies) -> None:
    """Add what was measured now; it takes the place of older figures of its setting.

    Raises:
        RunError: when the file cannot be read or written.
    """
    known = dict(read_latencies(run))
    for key, latencies in measured.items():
        known[key] = newest((*known.get(key, ()), *latencies))
    rows = [
        {_HASH: key, **latency.to_json()}
        for key, latencies in sorted(known.items())
        for latency in latencies
    ]
    path = latencies_path(run)
    try:
        write_json(path, rows)
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {error.strerror}") from None


def spoilt_latencies(run: RunFolder) -> Iterator[tuple[Path, str]]:
    """Yield the file of latencies with what to do, if it cannot be read."""
    try:
        read_latencies(run)
    except RunError:
        yield latencies_path(run), "'nas measure' makes it anew"


def newest(latencies: Iterable[Latency]) -> tuple[Latency, ...]:
    """Return the last one of each setting, in the order of settings."""
    last = {latency.setting: latency for latency in latencies}
    return tuple(latency for _, latency in sorted(last.items()))
