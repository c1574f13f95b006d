"""All results of a run in one file, which is read faster than those of each trial.

The trials' own ``result.json`` are the source of truth. A row here counts only while it
names the time and size of that file and has its own checksum; anything else is read
from the trial and appended again. So the file may be lost, torn, old or written to by
several processes, and is never made durable.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zlib import crc32

from nas.arch import to_json
from nas.records import TrialRecord

FORMAT: Final = b"3"
"""Changes with the columns, with `TrialRecord.facts` and with the canonical hash."""

_COLUMNS: Final = 6

Stamp = tuple[int, int]
"""When a file was changed last, in nanoseconds, and its size in bytes."""


@dataclass(frozen=True, slots=True)
class Index:
    """The file of a run that holds a row for every finished trial."""

    path: Path

    def read(
        self, stamps: Mapping[str, Stamp] | None, plugins: tuple[Path, ...]
    ) -> dict[str, TrialRecord]:
        """Return the records whose rows agree with their trials.

        Args:
            stamps: of the results that there are, by their folders' names; None for the
                last row of every folder, whatever is in there now.
            plugins: as in ``nas.arch``.
        """
        found = {}
        for row in map(_columns, self._lines()):
            if row is None:
                continue
            name, time, size, digest, facts, architecture = row
            folder = name.decode()
            if stamps is None or stamps.get(folder) == (int(time), int(size)):
                found[folder] = TrialRecord.stored(
                    json.loads(facts), digest.decode(), architecture, plugins
                )
        return found

    def has_spoilt_rows(self) -> bool:
        """Tell whether the file holds anything but whole rows."""
        return any(line and _columns(line) is None for line in self._lines())

    def _lines(self) -> list[bytes]:
        try:
            return self.path.read_bytes().split(b"\n")
        except OSError:
            return []

    def append(self, rows: Iterable[tuple[str, Stamp, TrialRecord]]) -> None:
        """Add records with their folders' names and stamps, as far as it can be done.

        It cannot in a folder that is read-only, where reading just stays slow.
        """
        # What an interrupted process left of a row must not begin this one.
        text = b"".join(b"\n" + _line(*row) + b"\n" for row in rows)
        with suppress(OSError), self.path.open("ab") as file:
            file.write(text)


def stamps(trials: Path, result: str) -> Iterator[tuple[str, Stamp | None]]:
    """Yield every folder's name with the stamp of its result, None without one."""
    for name in os.listdir(trials):  # noqa: PTH208
        try:
            facts = os.stat(f"{trials}/{name}/{result}")  # noqa: PTH116 - a Path is slow
        except OSError:
            yield name, None
        else:
            yield name, (facts.st_mtime_ns, facts.st_size)


def _line(name: str, stamp: Stamp, record: TrialRecord) -> bytes:
    columns = (
        name,
        *map(str, stamp),
        record.hash,
        json.dumps(record.facts()),  # JSON escapes tabs and ends of lines
        json.dumps(to_json(record.architecture)),
    )
    data = "\t".join(columns).encode()
    return FORMAT + b"%08x\t" % crc32(data) + data


def _columns(line: bytes) -> list[bytes] | None:
    """Return a row's columns, None when the line is not a whole row."""
    check, _, data = line.partition(b"\t")
    if check != FORMAT + b"%08x" % crc32(data):
        return None
    columns = data.split(b"\t")
    return columns if len(columns) == _COLUMNS else None
