"""Disks that fill up, or cannot be written to: a small tmpfs, really full."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

import pytest
from command_line import Outcome

from nas.run import Run

pytestmark = pytest.mark.faults

OPTIONS = (
    *("--space", "minimal", "--max-params", "3k", "--epochs", "1", "--device", "cpu"),
    *("--workers", "2", "--seed", "3"),
)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator["Disk"]:
    """A disk of its own, empty."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = Disk(path)
    yield mounted
    subprocess.run(["umount", "--lazy", path], check=True)


class Disk:
    """A file system in memory whose size can be changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        made = _mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", path)
        if made.returncode:
            pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")

    def resize(self, kilobytes: int) -> None:
        assert not _mount("-o", f"remount,rw,size={kilobytes}k", self.path).returncode

    def make_read_only(self) -> None:
        until = monotonic() + 20
        while _mount("-o", "remount,ro", self.path).returncode:  # a worker still ends
            assert monotonic() < until, _holders(self.path)
            sleep(0.1)

    def fill(self, leave_kilobytes: int) -> None:
        """Have a file take the room, but for some of it."""
        facts = os.statvfs(self.path)
        free = facts.f_bavail * facts.f_frsize - 1024 * leave_kilobytes
        with (self.path / "something-else").open("wb") as file:
            file.write(bytes(max(0, free)))


def _holders(path: Path) -> list[str]:
    found = []
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if link.readlink().is_relative_to(path):
                found.append(f"{link} {link.readlink()}")
    return found


def _mount(*words: object) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["mount", *map(str, words)], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no command 'mount' here")


Command = Callable[..., Outcome]


def test_a_search_stops_when_the_disk_is_full_and_goes_on_when_it_is_not(
    nas: Command, disk: Disk
) -> None:
    run = disk.path / "run"
    disk.resize(900)
    outcome = nas("search", *OPTIONS, "--trials", "20", "--run", run)
    assert outcome.code == 1, outcome.err
    assert "may need" in outcome.out  # known at the start
    assert "No space left" in outcome.err
    assert f"nas resume {run}" in outcome.err.replace("\n", " ")
    assert "Traceback" not in outcome.err
    before = Run(run).records
    assert 0 < len(before) < 20
    assert {record.status for record in before} == {"complete"}

    told = nas("report", run, "--json")
    assert told.code == 2  # it cannot be written, but it is printed
    assert '"trials": ' in told.out
    assert "the report cannot be written" in told.err

    again = nas("resume", run)
    assert again.code == 2  # still full, which is known at the start
    assert "make room" in again.err

    disk.resize(20_000)
    outcome = nas("resume", run)
    assert outcome.code == 0, outcome.err
    after = Run(run).records
    assert after[: len(before)] == before
    assert [record.trial for record in after] == list(range(20))
    assert {record.status for record in after} == {"complete"}
    assert len({record.key for record in after}) == 20


@pytest.mark.parametrize("after", [1, 3])
def test_room_that_goes_at_any_moment_costs_nothing_that_finished(
    nas: Command, disk: Disk, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    disk.resize(4000)
    run = disk.path / "run"
    filled = []

    def fill_up(folder, record, traceback=None):
        finish(folder, record, traceback)
        if record.trial >= after and not filled:
            filled.append(record.trial)
            disk.fill(leave_kilobytes=0)

    from nas.search import RunFolder

    finish = RunFolder.finish_trial
    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "finish_trial", fill_up)
        outcome = nas("search", *OPTIONS, "--trials", "8", "--run", run)
    assert outcome.code == 1, outcome.out
    assert "No space left" in outcome.err
    assert "Traceback" not in outcome.err
    before = Run(run).records
    assert before
    (disk.path / "something-else").unlink()
    outcome = nas("resume", run)
    assert outcome.code == 0, outcome.err
    records = Run(run).records
    known = {record.trial: record for record in records}
    assert [known[record.trial] for record in before] == before
    assert {record.status for record in records} == {"complete"}
    assert len({record.key for record in records}) == 8


def test_too_little_room_is_said_before_anything_begins(
    nas: Command, disk: Disk
) -> None:
    disk.resize(400)
    outcome = nas("search", *OPTIONS, "--run", disk.path / "run")
    assert outcome.code == 2
    assert "free, and a search needs at least" in outcome.err
    assert list(disk.path.iterdir()) == []


def test_a_disk_that_is_read_only_is_said_before_anything_begins(
    nas: Command, disk: Disk
) -> None:
    disk.make_read_only()
    outcome = nas("search", *OPTIONS, "--run", disk.path / "run")
    assert outcome.code == 2
    assert "cannot be written to" in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_run_on_a_disk_that_is_read_only_can_still_be_read(
    nas: Command, disk: Disk
) -> None:
    run = disk.path / "run"
    disk.resize(4000)
    assert nas("search", *OPTIONS, "--trials", "3", "--run", run).code == 0
    disk.make_read_only()
    shown = nas("show", run)
    assert shown.code == 0, shown.err
    exported = nas("export", run, "--to", disk.path.parent / "mine")
    assert exported.code == 0, exported.err
    for command in (("resume", run, "--trials", "5"), ("repeat", run)):
        refused = nas(*command)
        assert refused.code == 2, command
        assert refused.err.count("\n") == 1
        assert "cannot be written" in refused.err
    assert len(Run(run).records) == 3
